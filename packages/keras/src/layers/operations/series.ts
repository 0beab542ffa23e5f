import { axisOf, knownLength } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { type LayerCall, runs } from '../layer.js';
import { flag, integer } from '../settings.js';
import { floating, setting, tensor, typed } from './arguments.js';
import { moveAxes } from './shapes.js';
import { toType } from './types.js';

function trapezoid(call: LayerCall): Value {
  const { build } = call;
  const y = floating(call, tensor(call, 0, 'y'));
  const axis = axisOf(integer(call, 'axis', -1), y.shape.length);
  const neighbours = (x: Value, at: number): [Value, Value] => [
    build.slice(x, [{ axis: at, start: 1 }]),
    build.slice(x, [{ axis: at, end: -1 }]),
  ];
  const [next, before] = neighbours(y, axis);
  const heights = build.multiply(build.add(next, before), 0.5);
  const points = setting(call, 'x');
  if (points === undefined) {
    const dx = Number(setting(call, 'dx') ?? 1);
    return build.sum(build.multiply(heights, dx), axis);
  }
  const x = floating(
    call,
    typed({ ...call, args: [{ kind: 'value', value: points }], kwargs: {} }, 0, 'x').value,
  );
  const [after, previous] = neighbours(x, axisOf(integer(call, 'axis', -1), x.shape.length));
  const widths = build.subtract(after, previous);
  const last = moveAxes(build, heights, [axis], [-1]);
  return build.sum(build.multiply(last, widths), -1);
}

function vander(call: LayerCall): Value {
  const { build } = call;
  const { value, type } = typed(call, 0, 'x');
  const stated = setting(call, 'N');
  const columns = typeof stated === 'number' ? stated : knownLength(value.shape, 0, 'the vector');
  const rising = build.cast(build.range(columns), 'float32');
  const powers = flag(call, 'increasing', false) ? rising : build.subtract(columns - 1, rising);
  const wide = build.expandDims(floating(call, value), value.shape.length);
  return toType(build, build.power(wide, powers), type);
}

function diff(call: LayerCall): Value {
  const { build } = call;
  const { value, type } = typed(call, 0, 'a');
  const axis = axisOf(integer(call, 'axis', -1), value.shape.length);
  let x = value;
  for (let order = integer(call, 'n', 1); order > 0; order--) {
    const [next, before] = [build.slice(x, [{ axis, start: 1 }]), build.slice(x, [{ axis, end: -1 }])];
    x = type === 'bool' ? build.notEqual(next, before) : toType(build, build.subtract(next, before), type);
  }
  return x;
}

export const SERIES = {
  Diff: runs(diff),
  Trapezoid: runs(trapezoid),
  Vander: runs(vander),
};
