import type { Comparison } from '../../graph/operations.js';
import type { Value } from '../../graph/value.js';
import { type LayerCall, type LayerEntry, runs, UnsupportedError } from '../layer.js';
import { flag, number } from '../settings.js';
import { argument, operand, plain, tensor, typed, typedList, valueOf } from './arguments.js';
import { resultType, toType } from './types.js';

/** Two tensors of the same type. */
function pair(call: LayerCall): [Value, Value] {
  const [a, b] = [typed(call, 0, 'x1'), typed(call, 1, 'x2')];
  const type = resultType(a.type, b.type);
  return [toType(call.build, a.value, type), toType(call.build, b.value, type)];
}

function comparison(fn: Comparison): LayerEntry {
  return runs((call) => call.build.compare(fn, ...pair(call)));
}

function logical(fn: 'and' | 'or' | 'xor'): LayerEntry {
  return runs((call) => call.build.compare(fn, tensor(call, 0, 'x1'), tensor(call, 1, 'x2')));
}

/** Whether |a - b| ≤ atol + rtol × |b|. Integers must be equal. */
function close(
  call: LayerCall,
  { rtol, atol, finite }: { rtol: number; atol: number; finite: boolean },
): Value {
  const { build } = call;
  const [a, b] = pair(call);
  if (a.dtype !== 'float32') return build.equal(a, b);
  const limit = build.add(build.multiply(build.abs(b), rtol), atol);
  let result = build.compare('lessOrEqual', build.abs(build.subtract(a, b)), limit);
  if (finite) {
    const both = build.and(build.less(build.abs(a), Infinity), build.less(build.abs(b), Infinity));
    result = build.or(build.and(both, result), build.equal(a, b));
  }
  if (!flag(call, 'equal_nan', false)) return result;
  return build.or(result, build.and(build.unary('isNaN', a), build.unary('isNaN', b)));
}

function isClose(call: LayerCall): Value {
  const tolerance = (at: number, name: string, otherwise: number) => {
    const value = plain(call, at, name) ?? otherwise;
    if (typeof value === 'number') return value;
    throw new UnsupportedError(`its ${name} is not a number`);
  };
  return close(call, { rtol: tolerance(2, 'rtol', 1e-5), atol: tolerance(3, 'atol', 1e-8), finite: false });
}

function allClose(call: LayerCall): Value {
  const tolerances = { rtol: number(call, 'rtol', 1e-5), atol: number(call, 'atol', 1e-8) };
  return call.build.all(close(call, { ...tolerances, finite: true }));
}

/** Whether each entry is one of the second tensor. */
function isIn(call: LayerCall): Value {
  const { build } = call;
  const [a, b] = pair(call);
  const flat = build.reshape(b, [-1]);
  const found = build.any(build.equal(build.expandDims(a, a.shape.length), flat), -1);
  return flag(call, 'invert', false) ? build.not(found) : found;
}

function where(call: LayerCall): Value {
  if (argument(call, 1, 'x1') === undefined)
    throw new UnsupportedError('the shape of its result depends on the numbers');
  const { build } = call;
  const [a, b] = [operand(call, 1, 'x1'), operand(call, 2, 'x2')];
  const type = resultType(a.type, b.type);
  return build.where(tensor(call, 0, 'condition'), valueOf(call, a, type), valueOf(call, b, type));
}

/** The first choice whose condition holds. */
function select(call: LayerCall): Value {
  const { build } = call;
  const conditions = typedList(call, 0, 'condlist');
  const choices = typedList(call, 1, 'choicelist');
  const otherwise =
    argument(call, 2, 'default') === undefined
      ? { value: build.scalar(0, 'int32'), type: 'int32' as const }
      : typed(call, 2, 'default');
  const type = resultType(otherwise.type, ...choices.map((choice) => choice.type));
  return choices.reduceRight<Value>(
    (rest, choice, index) => {
      const condition = conditions[index];
      if (condition === undefined) throw new UnsupportedError('it has fewer conditions than choices');
      return build.where(condition.value, toType(build, choice.value, type), rest);
    },
    toType(build, otherwise.value, type),
  );
}

export const COMPARISON = {
  AllClose: runs(allClose),
  Equal: comparison('equal'),
  Greater: comparison('greater'),
  GreaterEqual: comparison('greaterOrEqual'),
  IsIn: runs(isIn),
  Isclose: runs(isClose),
  Less: comparison('less'),
  LessEqual: comparison('lessOrEqual'),
  LogicalAnd: logical('and'),
  LogicalNot: runs((call) => call.build.not(tensor(call, 0, 'x'))),
  LogicalOr: logical('or'),
  LogicalXor: logical('xor'),
  NotEqual: runs((call) => call.build.notEqual(...pair(call))),
  Select: runs(select),
  Where: runs(where),
};
