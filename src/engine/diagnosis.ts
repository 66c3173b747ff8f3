import { installedVersion } from '../platform/installed-version.ts'
import { sizeText } from '../shared/size-text.ts'
import type { DeviceGuard } from './devices/device-guard.ts'
import { type DeviceSubject, driverSubject } from './devices/device-use.ts'
import type { KeptBuilds } from './language/kept-builds.ts'
import type { VisionDevice } from './vision/types.ts'

/** Whether something works on this machine, with its name, and a sentence if it does not. */
export interface Probe {
  readonly name: string
  readonly works: boolean
  /** Description (name and memory of a GPU), or why it does not work. */
  readonly detail: string
  /** Names of the GPUs of a device, as `--device` accepts them; only for the language model, because ONNX Runtime reports none. */
  readonly gpus?: readonly string[]
}

/** What a successful test has found. */
type Found = Omit<Probe, 'name' | 'works'>

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
 * and one that fails does not prevent the tests of the others. Devices that the guard excludes are not started.
 * @param kept receives which builds of llama.cpp work, for later starts. Defaults to none
 */
export async function diagnose(guard: DeviceGuard, signal: AbortSignal, kept?: KeptBuilds): Promise<Diagnosis> {
  const media = await probe('node-av', ffmpegVersion)
  signal.throwIfAborted()
  const images = await probe('sharp', vipsVersion)
  signal.throwIfAborted()
  const vision = { version: installedVersion('onnxruntime-node'), devices: await visionProbes(guard, signal) }
  signal.throwIfAborted()
  const language = await languageProbes(guard, signal, kept)
  return { media, images, vision, language }
}

/** Tests a device other than the CPU. If its driver ends this process, the parent process knows the device and repeats the diagnosis without it. */
export async function probeDevice(guard: DeviceGuard, subject: DeviceSubject, ask: () => Promise<Found>): Promise<Probe> {
  const name = subject.device
  const obstacle = await guard.obstacle(subject)
  if (obstacle !== null) return { name, works: false, detail: obstacle }
  return await probe(name, () => guard.use(subject).run('probing', ask))
}

async function probe(name: string, ask: () => Promise<Found>): Promise<Probe> {
  try {
    return { name, works: true, ...(await ask()) }
  } catch (error) {
    return { name, works: false, detail: reason(error) }
  }
}

async function ffmpegVersion(): Promise<Found> {
  const { getFFmpegInfo } = await import('node-av/lib')
  const { version, libraries } = getFFmpegInfo()
  return { detail: `${installedVersion('node-av')}, FFmpeg ${version}, libavcodec ${libraries.avcodec}` }
}

async function vipsVersion(): Promise<Found> {
  const { default: sharp } = await import('sharp')
  return { detail: `${installedVersion('sharp')}, libvips ${sharp.versions.vips}` }
}

async function visionProbes(guard: DeviceGuard, signal: AbortSignal): Promise<Probe[]> {
  try {
    const { visionDeviceStates } = await import('./vision/devices.ts')
    const { visionRuntime } = await import('./vision/results-key.ts')
    const probes: Probe[] = []
    for (const { device, missing } of visionDeviceStates()) {
      signal.throwIfAborted()
      if (missing !== null) probes.push({ name: device, works: false, detail: missing })
      else if (device === 'cpu') probes.push(await probe(device, async () => ({ ...(await runOn(device)), detail: await int8Form() })))
      else probes.push(await probeDevice(guard, driverSubject('vision', device, visionRuntime()), () => runOn(device)))
    }
    return probes
  } catch (error) {
    signal.throwIfAborted()
    return [{ name: 'cpu', works: false, detail: reason(error) }]
  }
}

async function runOn(device: VisionDevice): Promise<Found> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node')
  const session = await InferenceSession.create(Buffer.from(DOUBLING_GRAPH, 'base64'), {
    executionProviders: [device],
    logSeverityLevel: 4,
  })
  try {
    const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(2), [1]) })
    if (y?.data[0] !== 4) throw new Error('it starts but computes wrong results')
    return { detail: 'works' }
  } finally {
    await session.release()
  }
}

/** How this processor runs int8 towers. */
async function int8Form(): Promise<string> {
  const { signedProductsOverflow } = await import('./vision/signed-products.ts')
  return (await signedProductsOverflow())
    ? 'works; int8 towers use unsigned weights, because sums of signed products overflow on this processor'
    : 'works; int8 towers use signed weights, the fastest form'
}

async function languageProbes(guard: DeviceGuard, signal: AbortSignal, kept?: KeptBuilds): Promise<Diagnosis['language']> {
  const version = installedVersion('node-llama-cpp')
  try {
    const { getLlama, getLlamaGpuTypes, LlamaLogLevel, NoBinaryFoundError } = await import('node-llama-cpp')
    const { LLAMA_RUNTIME } = await import('./language/llama-header.ts')
    const { addonOf } = await import('./language/llama-library.ts')
    const devices: Probe[] = []
    let llamaCpp = 'unknown'
    const usable = await getLlamaGpuTypes('supported')
    await kept?.keepSupported(usable.flatMap((type) => (type === false ? [] : [type])))
    for (const type of await getLlamaGpuTypes('allValid')) {
      signal.throwIfAborted()
      const name = type === false ? 'cpu' : type
      if (!usable.includes(type)) {
        devices.push({ name, works: false, detail: 'no such device or driver was found on this machine' })
        continue
      }
      const ask = async (): Promise<Found> => {
        // Until it is known to work.
        if (type !== false) await kept?.keepUnusable(type)
        await using llama = await getLlama({
          gpu: type,
          build: 'never',
          skipDownload: true,
          progressLogs: false,
          logLevel: LlamaLogLevel.disabled,
        }).catch((error: unknown) => {
          // node-llama-cpp tests its builds in a separate process, which crashed or found no device.
          throw error instanceof NoBinaryFoundError ? new Error('llama.cpp cannot be started with it; update its driver') : error
        })
        llamaCpp = llama.llamaCppRelease.release
        if (type === false) return { detail: `${llama.cpuMathCores} cores for computation` }
        const gpus = await llama.getGpuDeviceNames()
        if (gpus.length === 0) throw new Error('the library loads but finds no device')
        await kept?.keep(type, addonOf(type))
        const memory = await llama.getVramState()
        return { detail: `${gpus.join(', ')}, ${sizeText(memory.free)} of ${sizeText(memory.total)} free`, gpus }
      }
      devices.push(await (type === false ? probe(name, ask) : probeDevice(guard, driverSubject('language', type, LLAMA_RUNTIME), ask)))
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
