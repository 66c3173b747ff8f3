/**
 * Quantizes an f16 GGUF to q4_k_m with llama.cpp's quantizer alone, on all cores and 256 MiB of rows at a time, which is as fast as more.
 * Prints its seconds and processor seconds: `tsx quantizer-process.ts SOURCE DESTINATION`.
 */
import { callAsync, FTYPE_MOSTLY_Q4_K_M } from '../../src/engine/language/llama-header.ts'
import { openLlamaLibrary } from '../../src/engine/language/llama-library.ts'

const BUFFER_BYTES = 256 * 1024 ** 2

const [source = '', destination = ''] = process.argv.slice(2)
const { api, threads } = await openLlamaLibrary('cpu')
const params = { ...api.quantizeDefaultParams(), nthread: threads, ftype: FTYPE_MOSTLY_Q4_K_M, max_buf_size: BUFFER_BYTES }
const began = performance.now()
const used = process.cpuUsage()
const code = await callAsync(api.quantize, source, destination, params)
if (code !== 0) throw new Error(`llama.cpp's quantizer failed with ${code}`)
const { user, system } = process.cpuUsage(used)
console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000, processorSeconds: (user + system) / 1e6 }))
process.exit(0)
