import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { output } from './support/command.js';
import { published } from './support/packages.js';
import { root } from './support/paths.js';

/** `class Broker`, `type BrokerOptions`, …: every name that a declaration file exports, sorted by name. */
function exported(declarations: string): string[] {
  const program = ts.createProgram([declarations], { module: ts.ModuleKind.NodeNext, skipLibCheck: true });
  const source = program.getSourceFile(declarations);
  const symbol = source && program.getTypeChecker().getSymbolAtLocation(source);
  if (symbol === undefined) throw new Error(`${declarations} is no module`);
  const checker = program.getTypeChecker();
  return checker
    .getExportsOfModule(symbol)
    .map((name) => {
      const target = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
      return { name: name.name, kind: kind(target.flags) };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, kind }) => `${kind} ${name}`);
}

function kind(flags: ts.SymbolFlags): string {
  if (flags & ts.SymbolFlags.Class) return 'class';
  if (flags & ts.SymbolFlags.Function) return 'function';
  if (flags & ts.SymbolFlags.Variable) return 'const';
  return 'type';
}

/** The names that a built module exports when it runs. */
async function exportedAtRunTime(module: string): Promise<string[]> {
  const url = pathToFileURL(module).href;
  const program = `console.log(Object.keys(await import(${JSON.stringify(url)})).join('\\n'))`;
  const text = await output(process.execPath, ['--input-type=module', '-e', program], { cwd: root });
  return text.split('\n').sort();
}
