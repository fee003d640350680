import { describe, expect, it } from 'vitest';
import { addressProblem } from '../../../host/outbound/index.ts';

describe('an address', () => {
  it.each([
    'https://alerts.example.com/x?y=1',
    'http://127.0.0.1:8080/',
    'http://127.9.9.9/',
    'http://[::1]/',
    'http://localhost:1/',
    'http://[::1]:99/',
    'https://10.0.0.1/',
  ])('may be %s', (url) => expect(addressProblem(url)).toBeUndefined());
  it.each([
    'http://alerts.example.com/',
    'http://localhost.example.com/',
    'http://127.0.0.1.example.com/',
    'http://localhost./',
    'http://10.0.0.1/',
    'http://0.0.0.0/',
    'http://[::ffff:127.0.0.1]/',
    'https://user:password@alerts.example.com/',
    'http://127.0.0.1@evil.test/',
    'https://user@ops.example.com/',
    'javascript:1',
    'file:///etc/passwd',
    'ftp://127.0.0.1/',
    'data:text/plain,x',
    'alerts.example.com',
    '',
  ])('may not be %s', (url) => expect(addressProblem(url)).toMatch(/^its address /));
});
