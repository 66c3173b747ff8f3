import type { Answer } from '../../shared/engine-events.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import { samplingSchema } from '../../shared/sampling.ts'
import { towerForm } from '../families/families.ts'
import type { Language } from '../language/types.ts'
import type { Frame } from '../media/types.ts'
import type { FrameShape, Tower } from '../vision/types.ts'
import type { ClipSettings } from './fit-settings.ts'
import type { DecodingSpeed, Speeds } from './speeds.ts'

/** Minimum number of tokens for a measurement; below this it is mostly noise. */
const MIN_PREFILLED = 32
const MIN_GENERATED = 4
/** Minimum number of decoded pixels, because opening a decoder takes as long as decoding many small frames. */
const MIN_DECODED = 10e6
/** Tokens of a short run, which should finish within seconds even on a slow machine. */
const MEASURED_PREFILLED = 64
const MEASURED_GENERATED = 8

/**
 * Speeds measured in a real run. `patchSize` is in pixels. `loading` is the time that the model took to load before it, in milliseconds; null if it was in
 * memory.
 */
export function speedsOf(
  { timings, tokens, frames, width, height, clips, cached }: Answer,
  patchSize: number,
  loading: number | null = null,
): Speeds {
  // With several clips, some may have been encoded earlier.
  const patches = clips ? 0 : (frames.length * width * height) / patchSize ** 2
  const encoded = cached === 'nothing' && patches > 0 && timings.encode > 0
  const token = tokens.generated > 0 ? timings.generate / tokens.generated : 0
  // Stages may overlap.
  const rest = Math.max(0, timings.firstToken - timings.decode - timings.encode - timings.prefill - token)
  return {
    ...(loading !== null && { load: loading + rest }),
    ...(encoded && loading === null && { start: rest }),
    ...(encoded && { patch: timings.encode / patches }),
    ...(tokens.evaluated >= MIN_PREFILLED && timings.prefill > 0 && { prefilled: timings.prefill / tokens.evaluated }),
    ...(tokens.generated >= MIN_GENERATED && timings.generate > 0 && { generated: timings.generate / tokens.generated }),
  }
}

/** Decoding speed, which is only measured in real runs; null if too little was decoded. */
export function decodingOf({ decoded, timings }: Pick<Answer, 'decoded' | 'timings'>): DecodingSpeed | null {
  if (decoded === undefined || decoded.pixels < MIN_DECODED || timings.decode <= 0) return null
  return { codec: decoded.codec, megapixel: timings.decode / (decoded.pixels / 1e6) }
}

/** Measures speeds in a short run: encodes a grey slice of the clip's size and evaluates some tokens in the language model. */
export async function measureSpeeds(
  model: { readonly manifest: ModelManifest; readonly language: Language; tower(): Promise<Tower> },
  clip: { readonly shape: FrameShape; readonly settings: ClipSettings },
  signal: AbortSignal,
): Promise<Speeds> {
  const { language, manifest } = model
  const tower = await model.tower()
  const { width, height } = clip.shape
  const frame: Frame = { index: 0, time: 0, width, height, rgb: new Uint8Array(3 * width * height).fill(128) }
  let encode = 0
  const onWorked = (milliseconds: number) => (encode += milliseconds)
  const { framesPerSlice } = towerForm(manifest)
  const once = async function* () {
    for (let i = 0; i < framesPerSlice; i += 1) yield frame
  }
  const { frames, maxPixels, minPixels } = clip.settings
  for await (const _ of tower.embed(once(), { frameCount: frames, maxPixels, minPixels, signal, onWorked })) signal.throwIfAborted()

  await using session = await language.open({ cells: MEASURED_PREFILLED + MEASURED_GENERATED })
  const word = language.tokenize(' video')
  const tokens = Array.from({ length: MEASURED_PREFILLED }, (_, i) => word[i % word.length] ?? 0)
  const began = performance.now()
  await session.evaluateTokens(tokens, signal)
  const prefilled = performance.now()
  const pieces = session.generate(samplingSchema.parse({ maxTokens: MEASURED_GENERATED }), signal)
  let next = await pieces.next()
  while (next.done !== true) next = await pieces.next()
  const generated = performance.now() - prefilled
  return {
    patch: encode / ((framesPerSlice * width * height) / manifest.vision.patchSize ** 2),
    prefilled: (prefilled - began) / MEASURED_PREFILLED,
    generated: generated / Math.max(1, next.value.tokens.length),
  }
}
