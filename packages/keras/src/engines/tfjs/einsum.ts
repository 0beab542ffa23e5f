import type { Tensor } from '@tensorflow/tfjs-core';

import type { TensorFlow } from './tensorflow.js';

/**
 * Sum of products. The WebAssembly backend has no kernel for it, so that it becomes products of matrices: letters of
 * both operands and the result are batches, letters of both operands alone are summed over.
 */
export function einsum(tf: TensorFlow, equation: string, inputs: readonly Tensor[]): Tensor {
  const [terms = '', result = ''] = equation.split('->');
  const [first, ...others] = withoutOnes(
    tf,
    terms.split(',').map((letters, index) => operand(letters, inputs[index])),
  );
  let left = first;
  if (left === undefined) throw new Error('einsum needs an operand');
  for (const [index, right] of others.entries()) {
    const later =
      others
        .slice(index + 1)
        .map(({ letters }) => letters)
        .join('') + result;
    left = contracted(tf, left, right, later);
  }
  const summed = summedOver(tf, left, result);
  return tf.transpose(
    summed.x,
    Array.from(result).map((letter) => summed.letters.indexOf(letter)),
  );
}

interface Operand {
  letters: string;
  x: Tensor;
}

function operand(letters: string, x: Tensor | undefined): Operand {
  if (x === undefined) throw new Error('einsum has an operand for each term');
  return { letters, x };
}

/** Drops a dimension of length 1 if the letter has another length elsewhere: the entry is repeated. */
function withoutOnes(tf: TensorFlow, operands: readonly Operand[]): Operand[] {
  const lengthOf = ({ letters, x }: Operand, letter: string) => x.shape[letters.indexOf(letter)] ?? 1;
  return operands.map((own) => {
    const kept = Array.from(own.letters).filter(
      (letter) => lengthOf(own, letter) !== 1 || operands.every((other) => lengthOf(other, letter) === 1),
    );
    if (kept.length === own.letters.length) return own;
    const lengths = kept.map((letter) => lengthOf(own, letter));
    return { letters: kept.join(''), x: tf.reshape(own.x, lengths) };
  });
}

/** Sums over letters that nothing else has. */
function summedOver(tf: TensorFlow, { letters, x }: Operand, kept: string): Operand {
  const axes = Array.from(letters).flatMap((letter, axis) => (kept.includes(letter) ? [] : [axis]));
  if (axes.length === 0) return { letters, x };
  return {
    letters: Array.from(letters)
      .filter((letter) => kept.includes(letter))
      .join(''),
    x: tf.sum(x, axes),
  };
}

function contracted(tf: TensorFlow, a: Operand, b: Operand, later: string): Operand {
  const left = summedOver(tf, a, b.letters + later);
  const right = summedOver(tf, b, a.letters + later);
  const common = Array.from(left.letters).filter((letter) => right.letters.includes(letter));
  const batch = common.filter((letter) => later.includes(letter));
  const inner = common.filter((letter) => !later.includes(letter));
  const rows = Array.from(left.letters).filter((letter) => !common.includes(letter));
  const columns = Array.from(right.letters).filter((letter) => !common.includes(letter));
  const lengthIn =
    ({ letters, x }: Operand) =>
    (letter: string) =>
      x.shape[letters.indexOf(letter)] ?? 1;
  const product = (lengths: number[]) => lengths.reduce((one, other) => one * other, 1);
  const leftLength = lengthIn(left);
  const rightLength = lengthIn(right);
  const order = ({ letters, x }: Operand, wanted: readonly string[]) =>
    tf.transpose(
      x,
      wanted.map((letter) => letters.indexOf(letter)),
    );
  const count = product(batch.map(leftLength));
  const x = tf.reshape(order(left, [...batch, ...rows, ...inner]), [
    count,
    product(rows.map(leftLength)),
    product(inner.map(leftLength)),
  ]);
  const y = tf.reshape(order(right, [...batch, ...inner, ...columns]), [
    count,
    product(inner.map(rightLength)),
    product(columns.map(rightLength)),
  ]);
  const lengths = [...batch.map(leftLength), ...rows.map(leftLength), ...columns.map(rightLength)];
  return { letters: [...batch, ...rows, ...columns].join(''), x: tf.reshape(tf.matMul(x, y), lengths) };
}
