import { readAlias } from './aliases.ts';
import { instantiate } from './bind.ts';
import { readCoreType } from './core-type-section.ts';
import { describeCoreFunc } from './core-types.ts';
import { addToScope, Declarations } from './declarations.ts';
import { readExternName } from './extern-names.ts';
import { article, type ByteReader, hex, malformed, tooLarge, unsupported } from './reader.ts';
import { Scope } from './scope.ts';
import type { Extern, Template, TypeDefinition } from './type-space.ts';
import type { FunctionType, Param } from './types.ts';
import { ValueTypeReader } from './value-types.ts';

/** Reads all types of a component: value, function, resource, component and instance types. */
export class TypeReader extends ValueTypeReader {
  /** Takes one `deftype` and gives what it defines; the caller adds it to the scope. */
  definition(reader: ByteReader, scope: Scope): TypeDefinition {
    const offset = reader.position;
    this.space.at = offset;
    const first = reader.peek();
    if (first === 0x40 || first === 0x43) return { kind: 'func', type: this.#func(reader, scope) };
    if (first === 0x41 || first === 0x42) return this.#template(reader, scope);
    if (first === 0x3f) return this.#resource(reader, scope);
    return { kind: 'value', type: this.defined(reader, scope) };
  }

  /**
   * Takes an `externtype` and makes what an import or export declared so brings: for an instance type a new instance,
   * for `sub resource` a new resource named `name`.
   */
  externType(reader: ByteReader, scope: Scope, name: string): Extern {
    const offset = reader.position;
    this.space.at = offset;
    const kind = reader.byte('an extern type');
    switch (kind) {
      case 0x00: {
        reader.expect(0x11, 'the core module sort');
        const at = reader.position;
        const { kind: form, type } = scope.at('core type', reader.u32('a core type index'), at);
        if (form !== 'module') throw malformed(at, 'expected a core module type, found a core function type');
        return { kind: 'module', type };
      }
      case 0x01:
        return { kind: 'func', type: this.definitionOf(reader, scope, 'func').type };
      case 0x02:
        return this.#valueBound(reader, scope);
      case 0x03:
        return this.#typeBound(reader, scope, name);
      case 0x04:
        return { kind: 'component', template: this.definitionOf(reader, scope, 'component').template };
      case 0x05: {
        const { template } = this.definitionOf(reader, scope, 'instance');
        return { kind: 'instance', instance: instantiate(this.space, template, new Map()) };
      }
      default:
        throw malformed(offset, `expected an extern type (0x00 to 0x05), found ${hex(kind)}`);
    }
  }

  #valueBound(reader: ByteReader, scope: Scope): Extern {
    const offset = reader.position;
    if (reader.flag('the bound of a value')) return { kind: 'value', type: this.valueType(reader, scope) };
    return { kind: 'value', type: scope.at('value', reader.u32('a value index'), offset).type };
  }

  #typeBound(reader: ByteReader, scope: Scope, name: string): Extern {
    if (reader.flag('the bound of a type')) {
      return { kind: 'resource', resource: this.space.resource(name), fresh: true, nameId: this.space.newName() };
    }
    const offset = reader.position;
    const definition = scope.at('type', reader.u32('a type index'), offset);
    if (definition.kind === 'value') return { kind: 'type', type: this.space.named(definition.type, name) };
    if (definition.kind === 'resource') {
      return { ...definition, fresh: false, nameId: this.space.newName(definition.nameId) };
    }
    return { kind: 'definition', definition };
  }

  #resource(reader: ByteReader, scope: Scope): TypeDefinition {
    const offset = reader.position;
    reader.byte('a resource type');
    if (scope.kind !== 'component')
      throw malformed(offset, `expected no resource definition in ${article(scope.kind)}, found one`);
    const rep = reader.position;
    const type = reader.byte('the representation of a resource');
    if (type === 0x7e) throw unsupported(rep, 'a resource represented by an i64');
    if (type !== 0x7f) throw malformed(rep, `expected i32, found ${hex(type)}`);
    let dtor: number | undefined;
    if (reader.flag('the presence of a destructor')) {
      const at = reader.position;
      dtor = reader.u32('a destructor');
      const { type } = scope.at('core func', dtor, at);
      if (type !== this.space.coreFuncs.of(['i32'], [])) {
        throw malformed(at, `expected a destructor (i32) -> (), found ${describeCoreFunc(type)}`);
      }
    }
    const resource = this.space.resource('');
    scope.definitions.push({ kind: 'resource', resource, ...(dtor === undefined ? {} : { dtor }) });
    scope.ownResources.add(resource);
    return { kind: 'resource', resource, nameId: this.space.newName() };
  }

  #func(reader: ByteReader, scope: Scope): FunctionType {
    const isAsync = reader.byte('a function type') === 0x43;
    const params = this.labelled<Param>(reader, scope, 'parameters', 'a parameter name');
    return this.space.func(params, this.ownedResult(reader, scope), isAsync);
  }

  /** Takes a component type or an instance type. Recursion is bounded by `nestingMax`. */
  #template(reader: ByteReader, parent: Scope): TypeDefinition {
    const isComponent = reader.byte('a type') === 0x41;
    const scope = new Scope(isComponent ? 'component type' : 'instance type', parent, this.space);
    const max = this.space.limits.nestingMax;
    if (scope.level > max) throw tooLarge(reader.position, 'nestingMax', max, 'the levels of nested types');
    const declarations = new Declarations(scope);
    const count = reader.count('declarations', 2);
    for (let index = 0; index < count; index++) this.#declaration(reader, scope, declarations);
    const { imports, exports } = declarations;
    declarations.finish(reader.position);
    const around = this.space.around([...imports.values(), ...exports.values()]);
    const template: Template = { imports, exports, start: scope.start, ...around };
    return { kind: isComponent ? 'component' : 'instance', template };
  }

  #declaration(reader: ByteReader, scope: Scope, declarations: Declarations): void {
    const offset = reader.position;
    this.space.charge(1);
    this.space.at = offset;
    const kind = reader.byte('a declaration');
    if (kind === 0x00) scope.add('core type', readCoreType(reader, scope));
    else if (kind === 0x01) scope.add('type', this.definition(reader, scope));
    else if (kind === 0x02) readAlias(reader, scope);
    else if (kind === 0x04 || (kind === 0x03 && scope.kind === 'component type')) {
      const name = readExternName(reader, this.space);
      const extern = this.externType(reader, scope, name.name);
      if (kind === 0x03) declarations.addImport(name, extern);
      else declarations.addExport(name, extern);
      addToScope(scope, extern);
    } else throw malformed(offset, `expected a declaration of ${article(scope.kind)}, found ${hex(kind)}`);
  }
}
