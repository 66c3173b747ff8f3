import { serveEngine } from './serve-engine.ts'

/**
 * The engine process. Decoders, ONNX Runtime and llama.cpp are native code that processes untrusted files: a crash ends this
 * process, and the caller can report it.
 */
serveEngine(async (options, supervision) => {
  // It imports ONNX Runtime, which must not be loaded before the GPU pack was found.
  const { Engine } = await import('../engine.ts')
  return new Engine(options, supervision)
})
