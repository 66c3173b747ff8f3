import { Engine } from '../engine.ts'
import { serveEngine } from './serve-engine.ts'

/**
 * The engine's own process. Decoders, ONNX Runtime and llama.cpp are native code fed with files from anywhere:
 * when one of them dies, it is this process that dies, and the caller lives on to say so.
 */
serveEngine((options, supervision) => new Engine(options, supervision))
