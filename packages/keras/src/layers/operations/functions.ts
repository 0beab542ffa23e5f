import type { Builder } from '../../graph/builder.js';
import type { Value } from '../../graph/value.js';

/** Functions of one number that engines do not have. All keep the precision of float32 over their whole range. */

function polynomial(build: Builder, x: Value, coefficients: readonly number[]): Value {
  const [first = 0, ...others] = coefficients;
  return others.reduce<Value>(
    (sum, coefficient) => build.add(build.multiply(sum, x), coefficient),
    build.full(x.shape, first),
  );
}

export function cubeRoot(build: Builder, x: Value): Value {
  return build.multiply(build.unary('sign', x), build.power(build.abs(x), 1 / 3));
}

/** log(1 + x). Near 0, the rounding of 1 + x is undone. Source: Kahan, as in Goldberg, 1991, theorem 4. */
export function logarithmOf1Plus(build: Builder, x: Value): Value {
  const y = build.add(x, 1);
  const near = build.divide(build.multiply(build.log(y), x), build.subtract(y, 1));
  const small = build.where(build.equal(y, 1), x, near);
  return build.where(build.less(build.abs(x), 0.5), small, build.log(y));
}

/** e^x - 1. Near 0, the rounding of e^x is undone. Source: Kahan. */
export function exponentialMinus1(build: Builder, x: Value): Value {
  const y = build.exp(x);
  const less = build.subtract(y, 1);
  const near = build.divide(build.multiply(less, x), build.log(y));
  const small = build.where(build.equal(y, 1), x, near);
  return build.where(build.less(build.abs(x), 0.5), small, less);
}

/** 1 - erf(x), with small relative error. Source: Press et al., "Numerical Recipes in C", 1992, section 6.2, erfcc. */
export function erfComplement(build: Builder, x: Value): Value {
  const z = build.abs(x);
  const t = build.reciprocal(build.add(build.multiply(z, 0.5), 1));
  const exponent = build.subtract(
    polynomial(
      build,
      t,
      [
        0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196,
        1.00002368, -1.26551223,
      ],
    ),
    build.square(z),
  );
  const positive = build.multiply(t, build.exp(exponent));
  return build.where(build.less(x, 0), build.subtract(2, positive), positive);
}

/** Source: Giles, "Approximating the erfinv function", 2010, table 5. */
export function erfInverse(build: Builder, x: Value): Value {
  const w = build.negative(build.log(build.multiply(build.subtract(1, x), build.add(x, 1))));
  const central = polynomial(
    build,
    build.subtract(w, 2.5),
    [
      2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503,
      -0.00417768164, 0.246640727, 1.50140941,
    ],
  );
  const tail = polynomial(
    build,
    build.subtract(build.sqrt(w), 3),
    [
      -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
      0.00943887047, 1.00167406, 2.83297682,
    ],
  );
  const value = build.multiply(x, build.where(build.less(w, 5), central, tail));
  return build.where(build.equal(build.abs(x), 1), build.multiply(x, Infinity), value);
}

/** Coefficients of Chebyshev series, the highest first. Source: Cephes, `i0f.c`. */
const BESSEL_NEAR = [
  -1.30002500998624804212e-8, 6.04699502254191894932e-8, -2.67079385394061173391e-7,
  1.11738753912010371815e-6, -4.41673835845875056359e-6, 1.64484480707288970893e-5,
  -5.754195010082103703988e-5, 1.88502885095841655729e-4, -5.76375574538582365885e-4,
  1.63947561694133579842e-3, -4.3243099950505759443e-3, 1.05464603945949983183e-2, -2.37374148058994688156e-2,
  4.93052842396707084878e-2, -9.4901097048047644421e-2, 1.71620901522208775349e-1, -3.04682672343198398683e-1,
  6.76795274409476084995e-1,
];
const BESSEL_FAR = [
  3.39623202570838634515e-9, 2.26666899049817806459e-8, 2.04891858946906374183e-7, 2.89137052083475648297e-6,
  6.88975834691682398426e-5, 3.3691164782556940899e-3, 8.04490411014108831608e-1,
];

function chebyshev(build: Builder, x: Value, coefficients: readonly number[]): Value {
  let [before, last] = [build.full(x.shape, 0), build.full(x.shape, 0)];
  let previous = before;
  for (const coefficient of coefficients) {
    previous = before;
    before = last;
    last = build.add(build.subtract(build.multiply(x, before), previous), coefficient);
  }
  return build.multiply(build.subtract(last, previous), 0.5);
}

/** The modified Bessel function of order 0. Source: Cephes, `i0f.c`. */
export function bessel0(build: Builder, x: Value): Value {
  const z = build.abs(x);
  const near = chebyshev(build, build.subtract(build.multiply(z, 0.5), 2), BESSEL_NEAR);
  const far = chebyshev(build, build.subtract(build.divide(32, build.maximum(z, 1)), 2), BESSEL_FAR);
  const series = build.where(
    build.compare('lessOrEqual', z, 8),
    near,
    build.divide(far, build.sqrt(build.maximum(z, 1))),
  );
  return build.multiply(build.exp(z), series);
}
