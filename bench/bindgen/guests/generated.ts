// What an author writes beside the generated bindings.

import { GreeterGuest } from './bindings/exports/greeter';

export class Greeter implements GreeterGuest {
  greet(name: string): string {
    return 'Hello, ' + name + '!';
  }
}
