import { Engine } from '../engine.ts'
import { serveEngine } from './serve-engine.ts'

/**
 * The engine process. Decoders, ONNX Runtime and llama.cpp are native code that processes untrusted files: a crash ends this
 * process, and the caller can report it.
 */
serveEngine((options, supervision) => new Engine(options, supervision))
