import type { Diagnosis, Probe } from '../engine/diagnosis.ts'
import { DEMO_MODEL } from '../engine/models/registry.ts'
import type { ErrorData } from '../shared/errors.ts'

/** What advice is made from. */
export interface Advisable {
  readonly platform: string
  readonly memory: { readonly total: number; readonly free: number }
  readonly data: { readonly diskFree: number | null }
  readonly models: readonly { readonly name: string; readonly problem: string | null }[]
  readonly engines: Diagnosis | { readonly error: ErrorData }
}

/** Memory and disk a 7B model takes with 8-bit language and 16-bit vision, with some room for its context. */
const LARGE_MODEL_BYTES = 12e9

function works(probes: readonly Probe[], ...names: string[]): boolean {
  return probes.some((probe) => probe.works && (names.length === 0 || names.includes(probe.name)))
}

/** True when clips can be described on this machine at all. */
export function usable(engines: Advisable['engines']): boolean {
  return (
    !('error' in engines) && engines.media.works && engines.images.works && works(engines.vision.devices) && works(engines.language.devices)
  )
}

/** What to do about what is missing or scarce, the most urgent first. */
export function adviceFor({ platform, memory, data, models, engines }: Advisable): string[] {
  return [
    ...engineAdvice(engines, platform),
    ...models.flatMap(({ name, problem }) => (problem === null ? [] : [`The model ${name} cannot be used: ${problem}`])),
    ...(models.some(({ name, problem }) => name !== DEMO_MODEL && problem === null)
      ? []
      : [
          `${models.some(({ problem }) => problem === null) ? 'Only the demo model is here, which knows moving shapes only.' : 'No model is here.'} For real videos, import a real one: tarsier models import Tarsier2-Recap-7b --name tarsier2 ("tarsier models catalogue" lists more).`,
        ]),
    ...(memory.total < LARGE_MODEL_BYTES
      ? ['A 7B model needs about 12 GB of memory with --language q8_0, more than this machine has; smaller models work.']
      : memory.free < LARGE_MODEL_BYTES
        ? ['A 7B model needs about 12 GB of memory with --language q8_0, more than is free now: close other programs before using one.']
        : []),
    ...(data.diskFree !== null && data.diskFree < LARGE_MODEL_BYTES
      ? ['Less than 12 GB are free on the disk with the models: make room, or choose another folder with TARSIER_HOME or --home.']
      : []),
  ]
}

/** Why the engines could not even be asked: what the process that asked them said last. */
export function engineProblem({ code, message, details }: ErrorData): string {
  const last = typeof details?.said === 'string' && details.said !== '' ? details.said : details?.why
  return code === 'engine-crashed' && last !== undefined
    ? `The native engines could not be asked; their process ended: ${String(last)}.`
    : message
}

function engineAdvice(engines: Advisable['engines'], platform: string): string[] {
  if ('error' in engines) {
    return [`${engineProblem(engines.error)} Run "npm install" again in Tarsier's folder; TARSIER_DEBUG=1 shows more.`]
  }
  const { media, images, vision, language } = engines
  const advice: string[] = []
  for (const library of [media, images]) {
    if (!library.works)
      advice.push(
        `${library.name} cannot be loaded (${library.detail}), so clips cannot be opened: run "npm install" again in Tarsier's folder.`,
      )
  }
  if (!works(vision.devices)) advice.push(`ONNX Runtime cannot be used on any device: run "npm install" again in Tarsier's folder.`)
  if (!works(language.devices)) advice.push(`llama.cpp cannot be used on any device: run "npm install" again in Tarsier's folder.`)
  const gpu = works(language.devices, 'cuda', 'vulkan', 'metal')
  if (works(language.devices, 'cuda') && !works(vision.devices, 'cuda', 'dml', 'webgpu')) {
    advice.push(
      platform.startsWith('linux x64')
        ? 'The GPU is used for language, but not for vision: with CUDA 12 and cuDNN 9 installed, "ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js", run in Tarsier\'s folder, fetches the CUDA part of ONNX Runtime (internet needed).'
        : 'The GPU is used for language, but not for vision: update its driver.',
    )
  }
  if (!gpu && works(language.devices)) {
    advice.push('No GPU can be used for language, so large models answer slowly. If there is one, update its driver (CUDA or Vulkan).')
  }
  return advice
}
