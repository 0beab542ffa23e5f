import type { Builder } from '../../src/graph/builder.js';
import { BINARY, COMPARISONS, type Operation, REDUCTIONS, UNARY } from '../../src/graph/operations.js';
import type { DType, Value } from '../../src/graph/value.js';

/** A tensor that a case is given. */
export interface Given {
  shape: readonly number[];
  dtype: DType;
  data: readonly number[] | readonly string[];
  /** Whether the graph knows it before it runs, as it knows a weight. */
  known: boolean;
}

/** A small graph for one operation. */
export interface Case {
  name: string;
  given: readonly Given[];
  make: (build: Builder, ...values: Value[]) => Value | readonly Value[];
  /** Largest difference between the engines, relative to the greatest number. */
  tolerance?: number;
  /** TensorFlow.js cannot compute it exactly, and must say so. */
  refused?: RegExp;
}

let seed = 1;
const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 4294967296;
const lengthOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

function make(shape: readonly number[], dtype: DType, next: () => number): Given {
  return { shape, dtype, data: Array.from({ length: lengthOf(shape) }, next), known: false };
}

/** Random floats from -2 to 2. */
const floats = (...shape: number[]): Given => make(shape, 'float32', () => Math.fround(4 * random() - 2));
const between = (low: number, high: number, ...shape: number[]): Given =>
  make(shape, 'float32', () => Math.fround(low + (high - low) * random()));
const integers = (low: number, high: number, ...shape: number[]): Given =>
  make(shape, 'int32', () => low + Math.floor((high - low) * random()));
const bools = (...shape: number[]): Given => make(shape, 'bool', () => (random() < 0.5 ? 0 : 1));
const known = (given: Given): Given => ({ ...given, known: true });
const as = (dtype: DType, given: Given): Given => ({ ...given, dtype });
const listed = (data: readonly number[], dtype: DType = 'float32', shape = [data.length]): Given => ({
  shape,
  dtype,
  data,
  known: false,
});

const ODD = listed([-Infinity, -100, -2.5, -1.5, -1, -0.5, -0, 0, 0.5, 1, 1.5, 2.5, 100, Infinity, NaN]);
const RANGES: Partial<Record<(typeof UNARY)[number], [number, number]>> = {
  acos: [-1, 1],
  asin: [-1, 1],
  atanh: [-0.9, 0.9],
  acosh: [1, 9],
  log: [0.01, 9],
  sqrt: [0, 9],
};
const whole = (fn: string) => fn === 'bitAnd' || fn === 'quotient';
const logical = (fn: string) => fn === 'and' || fn === 'or' || fn === 'xor';

const SHAPES: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [3, 4],
    [3, 4],
  ],
  [[3, 4], [4]],
  [[3, 4], []],
  [
    [3, 1, 5],
    [2, 1],
  ],
  [
    [2, 3, 1, 4],
    [3, 5, 1],
  ],
  [
    [2, 1, 3, 1, 2],
    [2, 1, 1, 3, 2],
  ],
  [
    [2, 1, 2, 1, 2, 3],
    [1, 2, 1, 3, 1, 1],
  ],
  [
    [2, 1, 2, 1, 2, 1, 3],
    [1, 2, 1, 3, 1, 2, 1],
  ],
];

/** Shapes of more dimensions than all kernels take. */
const isTooDeep = (...shapes: readonly (readonly number[])[]) =>
  shapes.some((shape) => shape.length > 6) ? { refused: /take 6 dimensions or fewer/u } : {};

const windowed = <T>(one: (rank: number, spatial: number[]) => T): T[] =>
  [[11], [7, 6], [5, 4, 6]].map((spatial) => one(spatial.length, spatial));

/** For each operation of a graph, graphs that use it in all its ways. */
export const CASES: Readonly<Record<Operation['op'], readonly Case[]>> = {
  unary: UNARY.flatMap((fn): Case[] => {
    const [low, high] = RANGES[fn] ?? [-3, 3];
    return [
      {
        name: fn,
        given: [fn === 'not' ? bools(3, 5) : between(low, high, 3, 50)],
        make: (build, x) => build.unary(fn, x),
      },
      ...(fn === 'not'
        ? []
        : [
            {
              name: `${fn} of odd numbers`,
              given: [ODD],
              make: (build: Builder, x: Value) => build.unary(fn, x),
            },
          ]),
      ...(['abs', 'negative', 'sign', 'relu'].includes(fn)
        ? (['int32', 'int64'] as const).map((dtype) => ({
            name: `${fn} of ${dtype}`,
            given: [as(dtype, integers(-5, 5, 3, 5))],
            make: (build: Builder, x: Value) => build.unary(fn, x),
          }))
        : []),
      {
        name: `${fn} of rank 7`,
        given: [fn === 'not' ? bools(2, 1, 2, 1, 2, 1, 2) : between(low, high, 2, 1, 2, 1, 2, 1, 2)],
        make: (build, x) => build.unary(fn, x),
        ...isTooDeep(Array(7)),
      },
    ];
  }),
  binary: BINARY.flatMap((fn): Case[] => [
    ...SHAPES.flatMap(([a, b], index): Case[] => [
      ...(whole(fn)
        ? []
        : [
            {
              name: `${fn} of floats ${index}`,
              given: [fn === 'power' ? between(0, 3, ...a) : floats(...a), floats(...b)],
              make: (build: Builder, x: Value, y: Value) => build.binary(fn, x, y),
              ...isTooDeep(a),
            },
          ]),
      ...(['int32', 'int64'] as const).map((dtype) => ({
        name: `${fn} of ${dtype} ${index}`,
        given: [
          as(dtype, fn === 'power' ? integers(0, 5, ...a) : integers(-9, 9, ...a)),
          as(dtype, fn === 'power' ? integers(0, 4, ...b) : integers(1, 9, ...b)),
        ],
        make: (build: Builder, x: Value, y: Value) => build.binary(fn, x, y),
        ...isTooDeep(a),
      })),
    ]),
    ...(whole(fn)
      ? []
      : [
          {
            name: `${fn} of odd numbers`,
            given: [
              listed(Array.from({ length: 225 }, (_, at) => Number(ODD.data[Math.floor(at / 15)]))),
              listed(Array.from({ length: 225 }, (_, at) => Number(ODD.data[at % 15]))),
            ],
            make: (build: Builder, x: Value, y: Value) => build.binary(fn, x, y),
          },
        ]),
    ...(['power', 'multiply'].includes(fn)
      ? []
      : [
          {
            name: `${fn} of large integers`,
            given: [
              listed([16777217, 33554435, 2147483647, -2147483645, 1000000007, 123456789], 'int32'),
              listed(
                fn === 'add' || fn === 'subtract'
                  ? [1, 3, 0, 1, 5, -7]
                  : [16777217, 3, 46341, 46341, 1000000006, -1],
                'int32',
              ),
            ],
            make: (build: Builder, x: Value, y: Value) => build.binary(fn, x, y),
          },
        ]),
    {
      name: `${fn} of negative divisors`,
      given: [
        integers(-50, 50, 40),
        listed(
          Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? -1 : 1) * (1 + (at % 7))),
          'int32',
        ),
      ],
      make: (build, x, y) =>
        fn === 'power' ? build.binary(fn, build.abs(x), build.abs(y)) : build.binary(fn, x, y),
    },
  ]),
  compare: COMPARISONS.flatMap((fn): Case[] => [
    ...SHAPES.flatMap(([a, b], index): Case[] =>
      logical(fn)
        ? [
            {
              name: `${fn} ${index}`,
              given: [bools(...a), bools(...b)],
              make: (build, x, y) => build.compare(fn, x, y),
              ...isTooDeep(a),
            },
          ]
        : [
            {
              name: `${fn} of floats ${index}`,
              given: [floats(...a), floats(...b)],
              make: (build, x, y) => build.compare(fn, x, y),
              ...isTooDeep(a),
            },
            ...(['int32', 'int64'] as const).map((dtype) => ({
              name: `${fn} of ${dtype} ${index}`,
              given: [as(dtype, integers(-2, 2, ...a)), as(dtype, integers(-2, 2, ...b))],
              make: (build: Builder, x: Value, y: Value) => build.compare(fn, x, y),
              ...isTooDeep(a),
            })),
            {
              name: `${fn} of booleans ${index}`,
              given: [bools(...a), bools(...b)],
              make: (build, x, y) => build.compare(fn, x, y),
              ...isTooDeep(a),
            },
          ],
    ),
    ...(logical(fn)
      ? []
      : [
          {
            name: `${fn} of odd numbers`,
            given: [
              listed(Array.from({ length: 225 }, (_, at) => Number(ODD.data[Math.floor(at / 15)]))),
              listed(Array.from({ length: 225 }, (_, at) => Number(ODD.data[at % 15]))),
            ],
            make: (build: Builder, x: Value, y: Value) => build.compare(fn, x, y),
          },
          {
            name: `${fn} of large integers`,
            given: [
              listed([16777217, 16777216, -2147483648, 2147483647], 'int32'),
              listed([16777216, 16777217, -2147483647, 2147483646], 'int32'),
            ],
            make: (build: Builder, x: Value, y: Value) => build.compare(fn, x, y),
          },
        ]),
  ]),
  leakyRelu: [
    { name: 'leakyRelu', given: [floats(3, 5)], make: (build, x) => build.leakyRelu(x, 0.3) },
    {
      name: 'leakyRelu of a negative slope',
      given: [floats(3, 5)],
      make: (build, x) => build.leakyRelu(x, -0.3),
    },
    {
      name: 'leakyRelu of a slope above 1',
      given: [floats(3, 5)],
      make: (build, x) => build.leakyRelu(x, 1.7),
    },
    { name: 'leakyRelu of odd numbers', given: [ODD], make: (build, x) => build.leakyRelu(x, 0.3) },
  ],
  elu: [
    { name: 'elu', given: [floats(3, 5)], make: (build, x) => build.elu(x) },
    { name: 'elu with alpha', given: [floats(3, 5)], make: (build, x) => build.elu(x, 0.7) },
    { name: 'elu of odd numbers', given: [ODD], make: (build, x) => build.elu(x, 0.7) },
  ],
  gelu: [false, true].flatMap((approximate) => [
    {
      name: `gelu ${approximate}`,
      given: [between(-6, 6, 3, 50)],
      make: (build: Builder, x: Value) => build.gelu(x, approximate),
    },
  ]),
  clip: [
    { name: 'clip', given: [floats(3, 5)], make: (build, x) => build.clip(x, -0.5, 1) },
    { name: 'clip from below', given: [floats(3, 5)], make: (build, x) => build.clip(x, -0.5, Infinity) },
    { name: 'clip from above', given: [floats(3, 5)], make: (build, x) => build.clip(x, -Infinity, 0.5) },
    { name: 'clip of odd numbers', given: [ODD], make: (build, x) => build.clip(x, -0.5, 1) },
    { name: 'clip of integers', given: [integers(-9, 9, 3, 5)], make: (build, x) => build.clip(x, -4, 3) },
  ],
  where: [
    ...SHAPES.flatMap(([a, b], index): Case[] =>
      (['float32', 'int32', 'int64', 'bool'] as const).map((dtype) => ({
        name: `where of ${dtype} ${index}`,
        given: [
          bools(...a),
          dtype === 'bool'
            ? bools(...b)
            : dtype === 'float32'
              ? floats(...b)
              : as(dtype, integers(-9, 9, ...b)),
          dtype === 'bool'
            ? bools(...a)
            : dtype === 'float32'
              ? floats(...a)
              : as(dtype, integers(-9, 9, ...a)),
        ],
        make: (build: Builder, test: Value, x: Value, y: Value) => build.where(test, x, y),
        ...isTooDeep(a),
      })),
    ),
    {
      name: 'where of one row',
      given: [bools(3, 1), floats(3, 5), floats(5)],
      make: (build, test, x, y) => build.where(test, x, y),
    },
    {
      name: 'where of a condition of rank 1',
      given: [bools(4), floats(4, 4), floats(4, 4)],
      make: (build, test, x, y) => build.where(test, x, y),
    },
    {
      name: 'where of odd numbers',
      given: [bools(15), ODD, floats(15)],
      make: (build, test, x, y) => build.where(test, x, y),
    },
  ],
  cast: (['float32', 'int32', 'int64', 'bool'] as const).flatMap((from) =>
    (['float32', 'int32', 'int64', 'bool'] as const).map((to) => ({
      name: `cast from ${from} to ${to}`,
      given: [
        from === 'float32'
          ? listed([-2.7, -1, -0.5, 0, 0.5, 1, 2.7, 9])
          : from === 'bool'
            ? bools(3, 5)
            : as(from, integers(-3, 3, 3, 5)),
      ],
      make: (build: Builder, x: Value) => build.cast(x, to),
    })),
  ),
  matMul: [
    [
      [3, 4],
      [4, 5],
    ],
    [
      [2, 3, 4],
      [4, 5],
    ],
    [
      [3, 4],
      [2, 4, 5],
    ],
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    [
      [2, 3, 4],
      [1, 4, 5],
    ],
    [
      [1, 3, 4],
      [2, 4, 5],
    ],
    [
      [2, 1, 3, 4],
      [1, 3, 4, 5],
    ],
    [
      [2, 3, 3, 4],
      [3, 4, 5],
    ],
    [
      [2, 3, 3, 4],
      [2, 1, 4, 5],
    ],
    [
      [2, 3, 3, 4],
      [1, 3, 4, 5],
    ],
    [
      [2, 2, 3, 3, 4],
      [2, 1, 3, 4, 5],
    ],
    [
      [1, 1],
      [1, 1],
    ],
  ].flatMap(([a = [], b = []]): Case[] =>
    [true, false].map((constant) => ({
      name: `matMul of (${a.join()}) and (${b.join()})${constant ? ', constant' : ''}`,
      given: [floats(...a), constant ? known(floats(...b)) : floats(...b)],
      make: (build: Builder, x: Value, y: Value) => build.matMul(x, y),
    })),
  ),
  einsum: [
    ['abc,cd->abd', [2, 3, 4], [4, 5]],
    ['abc,cde->abde', [2, 3, 4], [4, 5, 6]],
    ['aecd,abcd->acbe', [2, 3, 4, 5], [2, 6, 4, 5]],
    ['acbe,aecd->abcd', [2, 3, 4, 5], [2, 5, 3, 6]],
    ['ab,ab->', [2, 3], [2, 3]],
    ['ab,ab->ab', [2, 3], [2, 3]],
    ['ab,cd->abcd', [2, 3], [2, 4]],
    ['ab,b->a', [2, 3], [3]],
    ['ab->ba', [2, 3]],
    ['abc->b', [2, 3, 4]],
    ['abc,bd->ad', [2, 3, 4], [3, 5]],
    ['ab,bc,cd->ad', [2, 3], [3, 4], [4, 5]],
    ['ab,ac,ad->bcd', [2, 3], [2, 4], [2, 5]],
    ['ab,bc->ac', [2, 3], [1, 4]],
    ['ab,ab->ab', [2, 3], [2, 1]],
    ['ab,cb->acb', [2, 1], [4, 3]],
    ['aa->a', [3, 3]],
    ['aab,b->a', [3, 3, 2], [2]],
  ].map((given): Case => {
    const [equation, ...shapes] = given as [string, ...number[][]];
    return {
      name: `einsum ${equation} of (${shapes.map((shape) => shape.join()).join(') (')})`,
      given: shapes
        .map((shape) => known(floats(...shape)))
        .map((one, index) => (index === 0 ? { ...one, known: false } : one)),
      make: (build, ...values) => build.einsum(equation, ...values),
      ...(equation.startsWith('aa') ? { refused: /letter twice/u } : {}),
    };
  }),
  conv: windowed((rank, spatial): Case[] => {
    const settings = (strides: number, dilations: number, padding: 'valid' | 'same') => ({
      strides,
      dilations,
      padding,
    });
    const sized = (length: number) => Array<number>(rank).fill(length);
    return [
      [settings(1, 1, 'valid'), 3],
      [settings(1, 1, 'same'), 3],
      [settings(2, 1, 'valid'), 3],
      [settings(2, 1, 'same'), 3],
      [settings(1, 2, 'same'), 2],
      [settings(1, 2, 'valid'), 2],
      [settings(2, 2, 'same'), 2],
      [settings(3, 1, 'same'), 1],
      [settings(1, 1, 'same'), 1],
      [settings(3, 1, 'same'), 2],
    ].flatMap(([setting, size]): Case[] =>
      [1, 2, 4].map((groups) => {
        const options = setting as ReturnType<typeof settings>;
        const entries = Number(size);
        return {
          name: `conv of rank ${rank}, kernel ${entries}, ${groups} groups, ${JSON.stringify(options)}`,
          given: [
            floats(2, ...spatial, 4),
            known(floats(...sized(entries), 4 / groups, 8)),
            known(floats(8)),
          ],
          make: (build: Builder, x: Value, kernel: Value, bias: Value) =>
            build.conv(x, kernel, groups === 2 ? undefined : bias, { ...options, groups }),
        };
      }),
    );
  })
    .flat()
    .concat([
      {
        name: 'conv of uneven strides and explicit padding',
        given: [floats(1, 7, 6, 3), known(floats(3, 2, 3, 5)), known(floats(5))],
        make: (build, x, kernel, bias) =>
          build.conv(x, kernel, bias, {
            strides: [2, 1],
            padding: [
              [2, 0],
              [1, 3],
            ],
          }),
      },
      {
        name: 'conv of uneven dilations',
        given: [floats(1, 9, 8, 3), known(floats(3, 2, 3, 5))],
        make: (build, x, kernel) => build.conv(x, kernel, undefined, { dilations: [2, 1], padding: 'same' }),
      },
      {
        name: 'depthwise conv of uneven strides',
        given: [floats(1, 9, 8, 3), known(floats(3, 2, 1, 6))],
        make: (build, x, kernel) =>
          build.conv(x, kernel, undefined, { strides: [2, 3], padding: 'same', groups: 3 }),
      },
      {
        name: 'conv of a computed kernel',
        given: [floats(1, 9, 8, 3), floats(3, 2, 3, 6)],
        make: (build, x, kernel) => build.conv(x, build.reshape(kernel, [3, 2, 3, 6]), undefined),
      },
      {
        name: 'conv of one channel',
        given: [floats(2, 9, 8, 1), known(floats(3, 2, 1, 1))],
        make: (build, x, kernel) => build.conv(x, kernel, undefined, { padding: 'same' }),
      },
      {
        name: 'conv of a kernel larger than the image',
        given: [floats(2, 2, 3, 2), known(floats(5, 7, 2, 3))],
        make: (build, x, kernel) => build.conv(x, kernel, undefined, { padding: 'same' }),
      },
    ]),
  convTranspose: windowed((rank, spatial): Case[] =>
    [
      { stride: 1, dilation: 1, cut: [0, 0] as const, size: 3 },
      { stride: 2, dilation: 1, cut: [0, 0] as const, size: 3 },
      { stride: 2, dilation: 1, cut: [0, 1] as const, size: 3 },
      { stride: 2, dilation: 1, cut: [1, 1] as const, size: 4 },
      { stride: 3, dilation: 1, cut: [0, -1] as const, size: 2 },
      { stride: 2, dilation: 1, cut: [0, -1] as const, size: 1 },
      { stride: 1, dilation: 2, cut: [1, 1] as const, size: 3 },
      { stride: 1, dilation: 1, cut: [1, 1] as const, size: 3 },
    ].map(({ stride, dilation, cut, size }) => ({
      name: `convTranspose of rank ${rank}, kernel ${size}, stride ${stride}, dilation ${dilation}, cut ${cut.join()}`,
      given: [
        floats(2, ...spatial, 4),
        known(floats(...Array<number>(rank).fill(size), 5, 4)),
        known(floats(5)),
      ],
      make: (build: Builder, x: Value, kernel: Value, bias: Value) =>
        build.convTranspose(x, kernel, bias, {
          strides: Array<number>(rank).fill(stride),
          dilations: Array<number>(rank).fill(dilation),
          cut: Array.from({ length: rank }, () => cut),
        }),
    })),
  )
    .flat()
    .concat([
      {
        name: 'convTranspose of uneven strides',
        given: [floats(1, 3, 4, 2), known(floats(2, 3, 3, 2))],
        make: (build, x, kernel) =>
          build.convTranspose(x, kernel, undefined, {
            strides: [1, 2],
            dilations: [1, 1],
            cut: [
              [0, 0],
              [1, 0],
            ],
          }),
      },
    ]),
  pool: windowed((rank, spatial): Case[] =>
    (['max', 'mean'] as const).flatMap((fn) =>
      (['valid', 'same'] as const).flatMap((padding) =>
        [
          [2, 2],
          [3, 1],
          [3, 2],
          [1, 1],
          [1, 2],
          [2, 3],
          [1, 3],
        ].map(([size = 1, strides = 1]) => ({
          name: `${fn} pool of rank ${rank}, size ${size}, stride ${strides}, ${padding}`,
          given: [floats(2, ...spatial, 5)],
          make: (build: Builder, x: Value) =>
            build.pool(fn, x, Array<number>(rank).fill(size), { strides, padding }),
        })),
      ),
    ),
  )
    .flat()
    .concat(
      (['max', 'mean'] as const).flatMap((fn): Case[] => [
        {
          name: `${fn} pool of explicit padding`,
          given: [floats(2, 7, 6, 3)],
          make: (build, x) =>
            build.pool(fn, x, [3, 2], {
              strides: [2, 1],
              padding: [
                [1, 1],
                [0, 1],
              ],
            }),
        },
        {
          name: `${fn} pool of explicit padding of rank 1`,
          given: [floats(2, 7, 3)],
          make: (build, x) => build.pool(fn, x, [3], { strides: [2], padding: [[2, 1]] }),
        },
        {
          name: `${fn} pool of uneven windows`,
          given: [floats(2, 7, 6, 3)],
          make: (build, x) => build.pool(fn, x, [1, 3], { strides: [2, 1], padding: 'same' }),
        },
        {
          name: `${fn} pool of windows larger than the image`,
          given: [floats(2, 2, 3, 2)],
          make: (build, x) => build.pool(fn, x, [5, 5], { strides: [5, 5], padding: 'same' }),
        },
        {
          name: `${fn} pool of holes`,
          given: [floats(2, 7, 6, 3)],
          make: (build, x) => build.pool(fn, x, [2, 2], { dilations: 2 }),
          refused: /not dilated/u,
        },
      ]),
    ),
  reduce: REDUCTIONS.flatMap((fn) =>
    (['float32', 'int32', 'int64'] as const).flatMap((dtype) =>
      [
        [[3, 4, 5], [1]],
        [
          [3, 4, 5],
          [0, 2],
        ],
        [[3, 4, 5], [2]],
        [[3, 4, 5], [0]],
        [
          [3, 4, 5],
          [0, 1, 2],
        ],
        [
          [2, 3, 2, 3, 2],
          [1, 3],
        ],
        [
          [2, 1, 2, 1, 2, 1, 2],
          [1, 6],
        ],
        [[1, 1], [0]],
      ].flatMap(([shape = [], axes = []]) =>
        [false, true].map((keep) => ({
          name: `${fn} of ${dtype} (${shape.join()}) over ${axes.join()}${keep ? ', kept' : ''}`,
          given: [dtype === 'float32' ? floats(...shape) : as(dtype, integers(-3, 4, ...shape))],
          make: (build: Builder, x: Value) => build.reduce(fn, x, axes, keep),
          ...isTooDeep(shape),
        })),
      ),
    ),
  ).concat([
    { name: 'any', given: [bools(3, 4)], make: (build, x) => build.any(x, 1) },
    { name: 'all', given: [bools(3, 4)], make: (build, x) => build.all(x, 0) },
    {
      name: 'sum of large integers',
      given: [listed([16777217, 1, 16777217, 3], 'int32')],
      make: (build, x) => build.sum(x),
    },
    {
      name: 'max of large integers',
      given: [listed([16777217, 16777216, 5], 'int32')],
      make: (build, x) => build.max(x),
    },
    { name: 'mean of integers', given: [integers(-5, 6, 3, 4)], make: (build, x) => build.mean(x, 1) },
    {
      name: 'max of infinities',
      given: [listed([-Infinity, -Infinity, -3, Infinity], 'float32', [2, 2])],
      make: (build, x) => build.max(x, 1),
    },
  ]),
  argReduce: (['max', 'min'] as const).flatMap((fn) =>
    (['float32', 'int32', 'int64', 'bool'] as const).flatMap((dtype) =>
      [0, 1, 2].flatMap((axis) =>
        [false, true].map((keep) => ({
          name: `arg${fn} of ${dtype} along ${axis}${keep ? ', kept' : ''}`,
          given: [
            dtype === 'float32'
              ? floats(3, 4, 5)
              : dtype === 'bool'
                ? bools(3, 4, 5)
                : as(dtype, integers(-3, 4, 3, 4, 5)),
          ],
          make: (build: Builder, x: Value) => build.argReduce(fn, x, axis, keep),
        })),
      ),
    ),
  ),
  softmax: [
    ...[0, 1, 2].map((axis) => ({
      name: `softmax along ${axis}`,
      given: [floats(3, 4, 5)],
      make: (build: Builder, x: Value) => build.softmax(x, axis),
    })),
    {
      name: 'softmax of large numbers',
      given: [between(-1000, 1000, 3, 4)],
      make: (build, x) => build.softmax(x),
    },
    {
      name: 'softmax with minus infinity',
      given: [listed([1, 2, -Infinity, 3], 'float32', [2, 2])],
      make: (build, x) => build.softmax(x),
    },
    { name: 'softmax of rank 1', given: [floats(4)], make: (build, x) => build.softmax(x) },
  ],
  layerNormalization: [
    {
      name: 'layerNormalization',
      given: [floats(3, 4, 5), known(floats(5)), known(floats(5))],
      make: (build, x, scale, bias) => build.layerNormalization(x, scale, bias, -1, 1e-3),
    },
    {
      name: 'layerNormalization without bias',
      given: [floats(3, 4, 5), known(floats(5))],
      make: (build, x, scale) => build.layerNormalization(x, scale, undefined, -1, 1e-3),
    },
    {
      name: 'layerNormalization of two axes',
      given: [floats(3, 4, 5), known(floats(4, 5)), known(floats(4, 5))],
      make: (build, x, scale, bias) => build.layerNormalization(x, scale, bias, 1, 1e-3),
    },
    {
      name: 'layerNormalization far from 0',
      given: [between(1000, 1001, 3, 40), known(floats(40))],
      make: (build, x, scale) => build.layerNormalization(x, scale, undefined, -1, 1e-5),
      tolerance: 1e-3,
    },
  ],
  reshape: (['float32', 'int32', 'int64', 'bool'] as const).flatMap((dtype) => [
    {
      name: `reshape of ${dtype}`,
      given: [as(dtype, integers(0, 2, 3, 4, 5))],
      make: (build: Builder, x: Value) => build.reshape(x, [x.shape[0] ?? 1, 20]),
    },
    {
      name: `reshape of ${dtype} to the rest`,
      given: [as(dtype, integers(0, 2, 3, 4, 5))],
      make: (build: Builder, x: Value) => build.reshape(x, [-1, 2, 10]),
    },
    {
      name: `reshape of ${dtype} to a shape of others`,
      given: [as(dtype, integers(0, 2, 3, 4)), floats(4, 3)],
      make: (build: Builder, x: Value, y: Value) => build.reshape(x, [y.shape[0] ?? 1, 3]),
    },
  ]),
  transpose: (['float32', 'int32', 'int64', 'bool'] as const).flatMap((dtype) =>
    [
      [1, 0],
      [2, 0, 1],
      [0, 3, 1, 2],
      [4, 1, 3, 2, 0],
      [5, 3, 1, 0, 2, 4],
      [1, 3, 5, 6, 0, 2, 4],
    ].map((order) => ({
      name: `transpose of ${dtype} by ${order.join()}`,
      given: [as(dtype, integers(0, 2, ...[3, 4, 2, 3, 2, 2, 2].slice(0, order.length)))],
      make: (build: Builder, x: Value) => build.transpose(x, order),
      ...isTooDeep(order),
    })),
  ),
  expand: (['float32', 'int32', 'int64', 'bool'] as const).flatMap((dtype) => [
    {
      name: `expand of ${dtype}`,
      given: [as(dtype, integers(0, 2, 3, 1))],
      make: (build: Builder, x: Value) => build.expand(x, [2, x.shape[0] ?? 1, 4]),
    },
    {
      name: `expand of ${dtype} with 1 in the shape`,
      given: [as(dtype, integers(0, 2, 3, 4))],
      make: (build: Builder, x: Value) => build.expand(x, [2, 1, 1]),
    },
    {
      name: `expand of ${dtype} to a length of others`,
      given: [as(dtype, known(integers(0, 2, 1, 4))), floats(3, 2)],
      make: (build: Builder, x: Value, y: Value) => build.expand(x, [y.shape[0] ?? 1, 4]),
    },
    {
      name: `expand of ${dtype} of rank 6`,
      given: [as(dtype, integers(0, 2, 2, 1, 2, 1, 2, 1))],
      make: (build: Builder, x: Value) => build.expand(x, [2, 3, 2, 2, 2, 3]),
    },
    {
      name: `full of ${dtype}`,
      given: [floats(3, 2)],
      make: (build: Builder, x: Value) => build.full(x.shape, 1, dtype),
    },
  ]),
  tile: (['float32', 'int32', 'int64', 'bool'] as const).flatMap((dtype) =>
    [[2], [1, 3], [2, 1, 3], [1, 2, 1, 2, 1, 2]].map((repeats) => ({
      name: `tile of ${dtype} by ${repeats.join()}`,
      given: [as(dtype, integers(0, 2, ...[3, 4, 2, 3, 2, 2].slice(0, repeats.length)))],
      make: (build: Builder, x: Value) => build.tile(x, repeats),
    })),
  ),
  concat: (['float32', 'int32', 'int64', 'bool'] as const).flatMap((dtype) =>
    [0, 1, 2].map((axis) => ({
      name: `concat of ${dtype} along ${axis}`,
      given: [
        as(dtype, integers(0, 2, 3, 4, 5)),
        as(dtype, integers(0, 2, ...[3, 4, 5].with(axis, 1))),
        as(dtype, integers(0, 2, 3, 4, 5)),
      ],
      make: (build: Builder, ...values: Value[]) => build.concat(values, axis),
    })),
  ),
  slice: (['float32', 'int32', 'int64', 'bool'] as const).flatMap((dtype) =>
    (
      [
        ['a range', [{ axis: 1, start: 1, end: 3 }]],
        [
          'steps',
          [
            { axis: 0, step: 2 },
            { axis: 1, start: 1, step: 3 },
          ],
        ],
        ['reversed', [{ axis: 1, step: -1 }]],
        [
          'reversed steps',
          [
            { axis: 1, step: -2 },
            { axis: 2, start: 3, end: 0, step: -2 },
          ],
        ],
        [
          'negative positions',
          [
            { axis: 1, start: -3, end: -1 },
            { axis: 0, start: -2 },
          ],
        ],
        [
          'beyond the end',
          [
            { axis: 1, start: 2, end: 99 },
            { axis: 0, start: -99, end: 2 },
          ],
        ],
        ['a far negative end in reverse', [{ axis: 1, start: 99, end: -99, step: -1 }]],
      ] as const
    ).flatMap(([what, ranges]) => [
      {
        name: `slice of ${dtype}, ${what}`,
        given: [as(dtype, integers(0, 2, 5, 7, 4))],
        make: (build: Builder, x: Value) => build.slice(x, ranges),
      },
      {
        name: `slice of ${dtype} of rank 6, ${what}`,
        given: [as(dtype, integers(0, 2, 5, 7, 4, 1, 2, 2))],
        make: (build: Builder, x: Value) => build.slice(x, ranges),
      },
    ]),
  ),
  pad: (['float32', 'int32', 'int64', 'bool'] as const).flatMap((dtype) =>
    (['constant', 'reflect', 'edge', 'wrap'] as const).flatMap((mode) => [
      {
        name: `pad of ${dtype}, ${mode}`,
        given: [as(dtype, integers(0, 2, 3, 4, 5))],
        make: (build: Builder, x: Value) =>
          build.pad(
            x,
            [
              [0, 0],
              [2, 1],
              [0, 3],
            ],
            mode,
            mode === 'constant' ? 1 : 0,
          ),
      },
      ...(mode === 'constant' && dtype === 'float32'
        ? [1, 4, 5, 6].map((rank) => ({
            name: `pad of rank ${rank}`,
            given: [floats(...[3, 2, 2, 3, 2, 2].slice(0, rank))],
            make: (build: Builder, x: Value) =>
              build.pad(
                x,
                Array.from({ length: rank }, (_, axis) => [axis % 2, 1] as const),
                'constant',
                -1.5,
              ),
          }))
        : []),
    ]),
  ),
  gather: (['float32', 'int32', 'int64', 'bool'] as const).flatMap((dtype) =>
    [0, 1, 2].flatMap((axis) =>
      [[], [4], [2, 3]].map((shape) => ({
        name: `gather of ${dtype} along ${axis} by (${shape.join()})`,
        given: [
          as(dtype, integers(0, 2, 4, 5, 4)),
          as(axis === 0 ? 'int64' : 'int32', integers(-4, 4, ...shape)),
        ],
        make: (build: Builder, x: Value, indices: Value) => build.gather(x, indices, axis),
      })),
    ),
  ),
  gatherElements: (['float32', 'int32', 'int64', 'bool'] as const).flatMap((dtype) =>
    [0, 1, 2].map((axis) => ({
      name: `gatherElements of ${dtype} along ${axis}`,
      given: [
        as(dtype, integers(0, 2, 4, 5, 4)),
        as(axis === 0 ? 'int64' : 'int32', integers(-4, 4, 4, 3, 2)),
      ],
      make: (build: Builder, x: Value, indices: Value) => build.gatherElements(x, indices, axis),
    })),
  ),
  topK: [
    { name: 'topK', given: [floats(3, 7)], make: (build, x) => build.topK(x, 3) },
    { name: 'topK of equal numbers', given: [integers(0, 3, 4, 9)], make: (build, x) => build.topK(x, 6) },
    { name: 'topK of all', given: [floats(2, 3, 4)], make: (build, x) => build.topK(x, 4) },
    { name: 'topK of one', given: [floats(2, 3, 4)], make: (build, x) => build.topK(x, 1) },
    {
      name: 'topK of int64',
      given: [as('int64', integers(0, 9, 4, 9))],
      make: (build, x) => build.topK(x, 6),
    },
    {
      name: 'topK of a length of others',
      given: [floats(3, 7), floats(2, 1)],
      make: (build, x, y) => build.topK(x, y.shape[0] ?? 1),
    },
    {
      name: 'topK of equal floats',
      given: [as('float32', integers(0, 3, 4, 40))],
      make: (build, x) => build.topK(x, 30),
    },
  ],
  cumulativeSum: (['float32', 'int32', 'int64'] as const).flatMap((dtype) =>
    [0, 1, 2].flatMap((axis) =>
      [false, true].map((reverse) => ({
        name: `cumulativeSum of ${dtype} along ${axis}${reverse ? ', reversed' : ''}`,
        given: [dtype === 'float32' ? floats(3, 4, 5) : as(dtype, integers(-9, 9, 3, 4, 5))],
        make: (build: Builder, x: Value) => build.cumulativeSum(x, axis, reverse),
      })),
    ),
  ),
  length: [{ name: 'length', given: [floats(3, 4)], make: (build, x) => build.length(x.shape[0] ?? 1) }],
  range: [{ name: 'range', given: [floats(3, 4)], make: (build, x) => build.range(x.shape[0] ?? 1) }],
  resize: [
    [
      [4, 5],
      [8, 10],
    ],
    [
      [4, 5],
      [7, 3],
    ],
    [
      [4, 5],
      [1, 1],
    ],
    [
      [1, 1],
      [3, 4],
    ],
    [
      [6, 9],
      [3, 3],
    ],
    [
      [5, 5],
      [5, 5],
    ],
  ].map(([from = [], to = []]) => ({
    name: `resize of (${from.join()}) to (${to.join()})`,
    given: [floats(2, ...from, 3)],
    make: (build: Builder, x: Value) => build.resize(x, [to[0] ?? 1, to[1] ?? 1]),
  })),
  lookup: [
    {
      name: 'lookup of integers',
      given: [integers(0, 9, 3, 5)],
      make: (build, x) => build.lookup(x, [2, 4, 5], [7, 8, 9], -1),
    },
    {
      name: 'lookup of texts',
      given: [{ shape: [2, 2], dtype: 'string', data: ['a', 'ä', 'b', ''], known: false }],
      make: (build, x) => build.lookup(x, ['a', 'ä'], [1, 2], 0),
    },
    {
      name: 'lookup of texts by integers',
      given: [integers(0, 4, 3, 5)],
      make: (build, x) => build.lookup(x, [0, 1, 2], ['x', 'ÿ', ''], '?'),
    },
  ],
  lstm: [false, true].flatMap((reverse) =>
    [false, true].flatMap((sequences): Case[] => [
      {
        name: `lstm${reverse ? ' reversed' : ''}${sequences ? ' sequences' : ''}`,
        given: [
          floats(2, 5, 3),
          known(floats(3, 16)),
          known(floats(4, 16)),
          known(floats(16)),
          floats(2, 4),
          floats(2, 4),
        ],
        make: (build, x, kernel, recurrent, bias, h, c) =>
          build.lstm({
            x,
            kernel,
            recurrent,
            bias,
            h,
            c,
            reverse,
            sequences,
            activation: { fn: 'tanh' },
            recurrentActivation: { fn: 'sigmoid' },
          }),
      },
      {
        name: `plain lstm${reverse ? ' reversed' : ''}${sequences ? ' sequences' : ''}`,
        given: [floats(2, 5, 3), known(floats(3, 16)), known(floats(4, 16))],
        make: (build, x, kernel, recurrent) =>
          build.lstm({
            x,
            kernel,
            recurrent,
            bias: undefined,
            h: undefined,
            c: undefined,
            reverse,
            sequences,
            activation: { fn: 'softsign' },
            recurrentActivation: { fn: 'hardSigmoid', alpha: 0.2, beta: 0.5 },
          }),
      },
    ]),
  ),
  gru: [false, true].flatMap((reverse) =>
    [false, true].flatMap((sequences) =>
      [false, true].flatMap((resetAfter): Case[] => [
        {
          name: `gru${reverse ? ' reversed' : ''}${sequences ? ' sequences' : ''}${resetAfter ? ' reset after' : ''}`,
          given: [
            floats(2, 5, 3),
            known(floats(3, 12)),
            known(floats(4, 12)),
            known(resetAfter ? floats(2, 12) : floats(12)),
            floats(2, 4),
          ],
          make: (build, x, kernel, recurrent, bias, h) =>
            build.gru({
              x,
              kernel,
              recurrent,
              bias,
              h,
              reverse,
              sequences,
              resetAfter,
              activation: { fn: 'tanh' },
              recurrentActivation: { fn: 'sigmoid' },
            }),
        },
        {
          name: `plain gru${reverse ? ' reversed' : ''}${sequences ? ' sequences' : ''}${resetAfter ? ' reset after' : ''}`,
          given: [floats(2, 5, 3), known(floats(3, 12)), known(floats(4, 12))],
          make: (build, x, kernel, recurrent) =>
            build.gru({
              x,
              kernel,
              recurrent,
              bias: undefined,
              h: undefined,
              reverse,
              sequences,
              resetAfter,
              activation: { fn: 'softplus' },
              recurrentActivation: { fn: 'hardSigmoid', alpha: 1 / 6, beta: 0.5 },
            }),
        },
      ]),
    ),
  ),
  rnn: (['tanh', 'sigmoid', 'relu', 'linear', 'softsign', 'softplus'] as const).flatMap((fn) =>
    [false, true].map((reverse) => ({
      name: `rnn of ${fn}${reverse ? ' reversed' : ''}`,
      given: [
        floats(2, 5, 3),
        known(between(-0.5, 0.5, 3, 4)),
        known(between(-0.5, 0.5, 4, 4)),
        known(floats(4)),
        floats(2, 4),
      ],
      make: (build: Builder, x: Value, kernel: Value, recurrent: Value, bias: Value, h: Value) =>
        build.rnn({ x, kernel, recurrent, bias, h, reverse, sequences: !reverse, activation: { fn } }),
    })),
  ),
  scan: [
    {
      name: 'scan',
      given: [floats(2, 3), floats(4, 2, 3), known(floats(3, 3))],
      make: (build, state, sequence, kernel) => {
        const { states, rows } = build.scan([state], [sequence], ([s = state], [x = sequence]) => {
          const next = build.tanh(build.add(build.matMul(s, kernel), x));
          return { states: [next], rows: [build.multiply(next, 2), build.sum(x, 1)] };
        });
        return [...states, ...rows];
      },
    },
    {
      name: 'scan that reads values outside, twice',
      given: [floats(2, 3), floats(4, 2, 3)],
      make: (build, state, sequence) => {
        const outside = build.exp(state);
        const { states, rows } = build.scan(
          [state, outside],
          [sequence, sequence],
          ([s = state, t = outside], [x = sequence, y = sequence]) => ({
            states: [build.add(build.add(s, x), outside), build.maximum(t, y)],
            rows: [s, outside],
          }),
        );
        return [...states, ...rows, build.add(outside, 1)];
      },
    },
    {
      name: 'scan inside a scan',
      given: [floats(2), floats(3, 4, 2)],
      make: (build, state, sequence) => {
        const { states, rows } = build.scan([state], [sequence], ([s = state], [x = sequence]) => {
          const inner = build.scan([s], [x], ([t = s], [y = x]) => ({
            states: [build.tanh(build.add(t, build.multiply(y, s)))],
            rows: [t],
          }));
          return { states: inner.states, rows: inner.rows };
        });
        return [...states, ...rows];
      },
    },
    {
      name: 'scan of states that swap',
      given: [floats(2), integers(0, 9, 2), floats(3, 2)],
      make: (build, a, count, sequence) => {
        const { states, rows } = build.scan(
          [a, a, count],
          [sequence],
          ([s = a, t = a, n = count], [x = sequence]) => ({
            states: [t, build.add(s, x), build.add(n, 1)],
            rows: [n],
          }),
        );
        return [...states, ...rows];
      },
    },
  ],
};
