import { z } from 'zod'

const visionDeviceChoices = ['auto', 'cpu', 'cuda', 'dml', 'coreml', 'webgpu'] as const
const languageDeviceChoices = ['auto', 'cpu', 'cuda', 'vulkan', 'metal'] as const
export type VisionDeviceChoice = (typeof visionDeviceChoices)[number]
export type LanguageDeviceChoice = (typeof languageDeviceChoices)[number]

/** Devices for a whole model; the part of it that does not know one of them chooses for itself. */
export const deviceChoices = ['auto', 'cpu', 'cuda', 'vulkan', 'metal', 'dml', 'coreml', 'webgpu'] as const

/** Where the parts of a model compute. `auto` is the first device that works; any other must work, or the load fails with `device-unavailable`. */
interface PartDevices {
  readonly vision: VisionDeviceChoice
  readonly language: LanguageDeviceChoice
  /** Part of the name of the GPU for the language model, where a machine has several. */
  readonly gpu?: string
}

/**
 * What `NAME`, `NAME:GPU` or `vision=NAME,language=NAME:GPU` means, e.g. `vulkan`, `cuda:4090` or `vision=cpu,language=vulkan`. With one name for both,
 * or a part that is left out, a part that does not know the device is on `auto`. Null for what is nothing of this kind.
 */
export function partDevices(choice: string): PartDevices | null {
  if (!choice.includes('=')) {
    const { name, gpu } = splitGpu(choice)
    if (!has(deviceChoices, name)) return null
    return parts(has(visionDeviceChoices, name) ? name : 'auto', has(languageDeviceChoices, name) ? name : 'auto', gpu)
  }
  const named = new Map<string, string>()
  for (const part of choice.split(',')) {
    const [, key = '', value = ''] = /^(vision|language)=(.+)$/.exec(part.trim()) ?? []
    if (key === '' || named.has(key)) return null
    named.set(key, value)
  }
  const vision = named.get('vision') ?? 'auto'
  const { name: language, gpu } = splitGpu(named.get('language') ?? 'auto')
  if (!has(visionDeviceChoices, vision) || !has(languageDeviceChoices, language)) return null
  return parts(vision, language, gpu)
}

function parts(vision: VisionDeviceChoice, language: LanguageDeviceChoice, gpu: string | undefined): PartDevices | null {
  if (gpu === undefined) return { vision, language }
  // llama.cpp's own devices have names; ONNX Runtime's have none that it says.
  const takesName = language === 'cuda' || language === 'vulkan' || language === 'metal'
  return takesName && gpu !== '' ? { vision, language, gpu } : null
}

/** As it was written; {@link partDevices} reads it. */
export const deviceChoiceSchema = z
  .string()
  .max(200)
  .refine((choice) => partDevices(choice) !== null, 'It must be the name of a device.')
export type DeviceChoice = z.infer<typeof deviceChoiceSchema>

/** Whether a text names devices as {@link partDevices} accepts them. */
export function isDeviceChoice(text: string): text is DeviceChoice {
  return deviceChoiceSchema.safeParse(text).success
}

/** Choice of a GPU by its name, e.g. `vulkan:NVIDIA GeForce RTX 4090`. */
export function withGpu(device: string, gpu: string): DeviceChoice {
  return `${device}:${gpu}`
}

function splitGpu(text: string): { readonly name: string; readonly gpu?: string } {
  const colon = text.indexOf(':')
  if (colon < 0) return { name: text }
  return { name: text.slice(0, colon), gpu: text.slice(colon + 1).trim() }
}

function has<T extends string>(list: readonly T[], text: string): text is T {
  return list.some((item) => item === text)
}
