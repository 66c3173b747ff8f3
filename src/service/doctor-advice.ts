import { partNames } from '../engine/devices/device-use.ts'
import type { Diagnosis, Probe } from '../engine/diagnosis.ts'
import { DEMO_MODEL } from '../engine/models/registry.ts'
import type { DeviceTest } from '../shared/device-tests.ts'
import type { ErrorData } from '../shared/errors.ts'
import { type GpuPackStatus, missingBytes } from '../shared/gpu-pack.ts'
import type { Remedy } from '../shared/remedies.ts'
import { sizeText } from '../shared/size-text.ts'

/** Input of {@link adviceFor}. */
export interface Advisable {
  readonly platform: string
  readonly memory: { readonly total: number; readonly free: number }
  readonly data: { readonly diskFree: number | null }
  readonly models: readonly { readonly name: string; readonly problem: string | null }[]
  readonly engines: Diagnosis | { readonly error: ErrorData }
  readonly deviceTests: readonly Pick<DeviceTest, 'part' | 'device' | 'crashed'>[]
  readonly gpuPack: GpuPackStatus
}

/** Bytes that a 7B model (8-bit language, 16-bit vision) needs: memory for about 16 frames, and disk with some reserve. */
const LARGE_MODEL = { memory: 13e9, disk: 12e9 } as const

function works(probes: readonly Probe[], ...names: string[]): boolean {
  return probes.some((probe) => probe.works && (names.length === 0 || names.includes(probe.name)))
}

/** Whether clips can be described on this machine. */
export function usable(engines: Advisable['engines']): boolean {
  return (
    !('error' in engines) && engines.media.works && engines.images.works && works(engines.vision.devices) && works(engines.language.devices)
  )
}

/** A sentence for all interfaces, and its remedy, if the command line has options or commands for it. */
export interface Advice {
  readonly text: string
  readonly remedy: Remedy | null
}

/** Returns advice about missing or scarce resources, most urgent first. */
export function adviceFor({ memory, data, models, engines, deviceTests, gpuPack }: Advisable): Advice[] {
  const large = (than: string) => ({
    text: `A 7B model with a q8_0 language model needs about 13 GB of memory, more than ${than}.`,
    remedy: 'smaller-language-model' as const,
  })
  const usableOnes = models.filter(({ problem }) => problem === null)
  return [
    ...engineAdvice(engines, gpuPack),
    ...crashAdvice(deviceTests),
    ...models.flatMap(({ name, problem }) =>
      problem === null ? [] : [{ text: `The model ${name} cannot be used: ${problem}`, remedy: null }],
    ),
    ...(usableOnes.some(({ name }) => name !== DEMO_MODEL)
      ? []
      : [
          {
            text: `${usableOnes.length > 0 ? 'Only the demo model is installed, which supports only moving shapes.' : 'No model is installed.'} For real videos, import a full model such as Tarsier2-Recap-7b.`,
            remedy: 'import-model' as const,
          },
        ]),
    ...(memory.total < LARGE_MODEL.memory
      ? [large('this machine has. Use a smaller model')]
      : memory.free < LARGE_MODEL.memory
        ? [large('is free now. Close other programs before using one')]
        : []),
    ...(data.diskFree !== null && data.diskFree < LARGE_MODEL.disk
      ? [
          {
            text: 'Less than 12 GB are free on the disk with the models. Free disk space, or set TARSIER_HOME to a folder on another disk.',
            remedy: 'other-home' as const,
          },
        ]
      : []),
  ]
}

/** Returns why the engines could not be probed, with the last output of the probing process. */
export function engineProblem({ code, message, details }: ErrorData): string {
  const last = typeof details?.said === 'string' && details.said !== '' ? details.said : details?.why
  return code === 'engine-crashed' && last !== undefined
    ? `The native libraries could not be tested because their process ended: ${String(last)}.`
    : message
}

function crashAdvice(tests: Advisable['deviceTests']): Advice[] {
  const crashed = new Set(tests.filter((test) => test.crashed).map(({ part, device }) => `"${device}" for the ${partNames[part]}`))
  if (crashed.size === 0) return []
  const text = `These devices crashed or failed and are not used any more: ${[...crashed].join(', ')}. Update the graphics driver, then retry them.`
  return [{ text, remedy: 'retry-devices' }]
}

function engineAdvice(engines: Advisable['engines'], gpuPack: GpuPackStatus): Advice[] {
  const again = (why: string): Advice => ({ text: `${why} Install Tarsier again.`, remedy: 'install-again' })
  if ('error' in engines) return [again(engineProblem(engines.error))]
  const { media, images, vision, language } = engines
  const advice = [media, images]
    .filter((library) => !library.works)
    .map((library) => again(`${library.name} cannot be loaded (${library.detail}), so clips cannot be opened.`))
  if (!works(vision.devices)) advice.push(again('ONNX Runtime cannot be used on any device.'))
  if (!works(language.devices)) advice.push(again('llama.cpp cannot be used on any device.'))
  const gpu = works(language.devices, 'cuda', 'vulkan', 'metal')
  const pack = packAdvice(gpuPack)
  if (pack !== null) advice.push(pack)
  else if (works(language.devices, 'cuda') && !works(vision.devices, 'cuda', 'dml', 'webgpu')) {
    const text = 'The GPU is used for language, but not for vision. Update the GPU driver.'
    advice.push({ text: gpuPack.problem === null ? text : `${text} ${gpuPack.problem}`, remedy: null })
  }
  if (!gpu && works(language.devices) && pack === null) {
    const text = 'No GPU can be used for language, so large models are slow. If this machine has a GPU, update its driver (CUDA or Vulkan).'
    advice.push({ text, remedy: null })
  }
  return advice
}

/** The offer of the GPU pack where it is missing for an NVIDIA GPU; null elsewhere. */
function packAdvice(pack: GpuPackStatus): Advice | null {
  const { download } = missingBytes(pack)
  if (!pack.card || download === 0) return null
  const text = `The NVIDIA GPU of this machine is faster with the GPU pack, a download of ${sizeText(download)}.`
  if (pack.problem === null) return { text, remedy: 'install-gpu-pack' }
  return { text: `${text} ${pack.problem} Then install the pack.`, remedy: null }
}
