import { isRecord, member } from './record.js';
import { ELEMENTS, elementsOf, fits, type Tensor, tensor, type TensorSpec } from './tensor.js';

/**
 * Takes an output from what the pipeline returned.
 * @throws {TypeError} If it is not what the model declares: a bug of the pipeline.
 */
export function outputOf(result: unknown, { name, datatype, shape: declared }: TensorSpec): Tensor {
  const wrong = (what: string): TypeError => new TypeError(`The pipeline returned ${what}`);
  if (!isRecord(result)) throw wrong('no object of tensors');
  const output = member(result, name);
  if (!isRecord(output)) throw wrong(`no output ${name}`);
  const { data, shape } = output;
  if (output['datatype'] !== datatype) throw wrong(`${name} with another datatype than ${datatype}`);
  const count = Array.isArray(shape) ? elementsOf(shape) : undefined;
  if (!Array.isArray(shape) || count === undefined || !fits(shape as number[], declared))
    throw wrong(`${name} with another shape than [${declared.join(', ')}]`);
  const held =
    datatype === 'BYTES'
      ? Array.isArray(data) && data.every((element) => element instanceof Uint8Array)
      : data instanceof ELEMENTS[datatype];
  if (!held) throw wrong(`${name} with data that cannot be of the datatype ${datatype}`);
  const elements = data as Tensor['data']; // just checked
  if (elements.length !== count) throw wrong(`${name} with ${elements.length} elements instead of ${count}`);
  return tensor(datatype, shape as number[], elements);
}
