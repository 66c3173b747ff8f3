import { InferenceSession, Tensor } from 'onnxruntime-node'

/** An ONNX graph with one MatMulInteger: `a` (unsigned 8 bits) times `b` (signed 8 bits). */
const PRODUCT_GRAPH =
  'CAg6UAoYCgFhCgFiEgF5Ig1NYXRNdWxJbnRlZ2VyEgFnWg8KAWESCgoICAISBAoACgBaDwoBYhIKCggIAxIECgAKAGIPCgF5EgoKCAgGEgQKAAoAQgIQCg=='
const [ROWS, DEPTH, COLUMNS] = [4, 8, 16]
const [LARGEST_UNSIGNED, LARGEST_SIGNED] = [255, 127]

/**
 * Whether ONNX Runtime's products of unsigned by signed 8-bit numbers overflow on this processor. They do on x86 processors with AVX2 but
 * without integer dot products (VNNI), which add pairs of products in 16 bits. Such a processor needs unsigned weights; on others, signed
 * weights give the same results and are at least as fast. Computed with the largest numbers, because ONNX Runtime does not report it.
 */
export async function signedProductsOverflow(): Promise<boolean> {
  const session = await InferenceSession.create(Buffer.from(PRODUCT_GRAPH, 'base64'), {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  })
  try {
    const { y } = await session.run({
      a: new Tensor('uint8', new Uint8Array(ROWS * DEPTH).fill(LARGEST_UNSIGNED), [ROWS, DEPTH]),
      b: new Tensor('int8', new Int8Array(DEPTH * COLUMNS).fill(LARGEST_SIGNED), [DEPTH, COLUMNS]),
    })
    if (!(y?.data instanceof Int32Array)) throw new Error('MatMulInteger did not return integers')
    return y.data.some((sum) => sum !== DEPTH * LARGEST_UNSIGNED * LARGEST_SIGNED)
  } finally {
    await session.release()
  }
}
