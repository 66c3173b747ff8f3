import { installedVersion } from '../platform/installed-version.ts'
import { sizeText } from '../shared/size-text.ts'
import type { VisionDevice } from './vision/types.ts'

/** Whether something works on this machine, with its name, and a sentence if it does not. */
export interface Probe {
  readonly name: string
  readonly works: boolean
  /** Description (name and memory of a GPU), or why it does not work. */
  readonly detail: string
}

/** Capabilities of the native libraries on this machine. Plain data, because it is sent between processes. */
export interface Diagnosis {
  readonly media: Probe
  readonly images: Probe
  readonly vision: { readonly version: string; readonly devices: readonly Probe[] }
  readonly language: { readonly version: string; readonly llamaCpp: string; readonly devices: readonly Probe[] }
}

/** An ONNX graph with one node, y = x + x over one float: the smallest one that initialises a device. */
const DOUBLING_GRAPH = 'CAg6NQoOCgF4CgF4EgF5IgNBZGQSAWdaDwoBeBIKCggIARIECgIIAWIPCgF5EgoKCAgBEgQKAggBQgQKABAR'

/**
 * Tests every native library and device. Must run in a process that may crash (the engine host). Each library is loaded only here,
 * and one that fails does not prevent the tests of the others.
 */
export async function diagnose(signal: AbortSignal): Promise<Diagnosis> {
  const media = await probe('node-av', ffmpegVersion)
  signal.throwIfAborted()
  const images = await probe('sharp', vipsVersion)
  signal.throwIfAborted()
  const vision = { version: installedVersion('onnxruntime-node'), devices: await visionProbes(signal) }
  signal.throwIfAborted()
  const language = await languageProbes(signal)
  return { media, images, vision, language }
}

async function probe(name: string, ask: () => Promise<string>): Promise<Probe> {
  try {
    return { name, works: true, detail: await ask() }
  } catch (error) {
    return { name, works: false, detail: reason(error) }
  }
}

async function ffmpegVersion(): Promise<string> {
  const { getFFmpegInfo } = await import('node-av')
  const { version, libraries } = getFFmpegInfo()
  return `${installedVersion('node-av')}, FFmpeg ${version}, libavcodec ${libraries.avcodec}`
}

async function vipsVersion(): Promise<string> {
  const { default: sharp } = await import('sharp')
  return `${installedVersion('sharp')}, libvips ${sharp.versions.vips}`
}

async function visionProbes(signal: AbortSignal): Promise<Probe[]> {
  try {
    const { visionDeviceStates } = await import('./vision/devices.ts')
    const probes: Probe[] = []
    for (const { device, missing } of visionDeviceStates()) {
      signal.throwIfAborted()
      probes.push(missing === null ? await probe(device, () => runOn(device)) : { name: device, works: false, detail: missing })
    }
    return probes
  } catch (error) {
    signal.throwIfAborted()
    return [{ name: 'cpu', works: false, detail: reason(error) }]
  }
}

async function runOn(device: VisionDevice): Promise<string> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node')
  const session = await InferenceSession.create(Buffer.from(DOUBLING_GRAPH, 'base64'), {
    executionProviders: [device],
    logSeverityLevel: 4,
  })
  try {
    const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(2), [1]) })
    if (y?.data[0] !== 4) throw new Error('it starts but computes wrong results')
    return 'works'
  } finally {
    await session.release()
  }
}

async function languageProbes(signal: AbortSignal): Promise<Diagnosis['language']> {
  const version = installedVersion('node-llama-cpp')
  try {
    const { getLlama, getLlamaGpuTypes, LlamaLogLevel } = await import('node-llama-cpp')
    const devices: Probe[] = []
    let llamaCpp = 'unknown'
    const usable = await getLlamaGpuTypes('supported')
    for (const type of await getLlamaGpuTypes('allValid')) {
      signal.throwIfAborted()
      const name = type === false ? 'cpu' : type
      if (!usable.includes(type)) {
        devices.push({ name, works: false, detail: 'no such device or driver was found on this machine' })
        continue
      }
      devices.push(
        await probe(name, async () => {
          await using llama = await getLlama({
            gpu: type,
            build: 'never',
            skipDownload: true,
            progressLogs: false,
            logLevel: LlamaLogLevel.disabled,
          })
          llamaCpp = llama.llamaCppRelease.release
          if (type === false) return `${llama.cpuMathCores} cores for computation`
          const names = await llama.getGpuDeviceNames()
          if (names.length === 0) throw new Error('the library loads but finds no device')
          const memory = await llama.getVramState()
          return `${names.join(', ')}, ${sizeText(memory.free)} of ${sizeText(memory.total)} free`
        }),
      )
    }
    return { version, llamaCpp, devices }
  } catch (error) {
    signal.throwIfAborted()
    return { version, llamaCpp: 'unknown', devices: [{ name: 'cpu', works: false, detail: reason(error) }] }
  }
}

/** Error message of a native library, on one line and without the source location at its start. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message
    .replace(/^\S+:\d+ .*? was false\. /s, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
}
