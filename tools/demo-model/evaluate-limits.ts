import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { Random } from '../../src/bench/moving-shapes/random.ts'
import { drawScene } from '../../src/bench/moving-shapes/render.ts'
import { randomSceneClip, writeSceneClip } from '../../src/bench/moving-shapes/scene-clip.ts'
import { describeScene, FOREIGN_ANSWER, UNKNOWN_ANSWER } from '../../src/bench/moving-shapes/words.ts'
import { TarsierError } from '../../src/shared/errors.ts'
import { type Check, type Evaluation, streamOf } from './asker.ts'
import { heldOutAnswer } from './dialogues.ts'
import { heldOutWordings } from './held-out-wordings.ts'

const DESCRIBE = 'Describe the video in detail.'

/** Wordings that the training never uses: right, or the sentence that says what can be asked. */
export const evaluateWordings: Evaluation = async function* (context) {
  for (let i = 0; i < context.count; i++) {
    const random = new Random(context.seed, streamOf(i + 50_000))
    const clip = randomSceneClip(random)
    yield* context.asker.about(context, `wording-${i}`, clip, async function* ({ first }) {
      for (const [intent, question] of random.some(heldOutWordings, 8)) {
        const { asked, answer } = heldOutAnswer(intent, question, clip.scene, random)
        const given = await first(asked)
        const helps = given === UNKNOWN_ANSWER
        const one: Check = {
          figure: 'other wordings',
          right: given === answer || helps ? 1 : 0,
          of: 1,
          clip: String(i),
          asked,
          given,
          wanted: answer,
        }
        yield one
        yield { ...one, figure: `other wordings: ${intent}`, right: given === answer ? 1 : 0 }
      }
    })
  }
}

/** Shapes that must not be taken for something else: strong compression, every size, GIFs, single pictures. */
export const evaluateOwn: Evaluation = async function* ({ asker, seed, count, folder, frames }) {
  for (let i = 0; i < count; i++) {
    const random = new Random(seed, streamOf(i + 60_000))
    const { scene, shape } = randomSceneClip(random)
    const kind = (['crf 32', 'small', 'large', 'gif', 'picture'] as const)[i % 5] ?? 'crf 32'
    const path = join(folder, `own-${i}.${kind === 'gif' ? 'gif' : kind === 'picture' ? 'png' : 'mp4'}`)
    const scale = kind === 'small' ? 96 / shape.width : kind === 'large' ? 1280 / shape.width : 1
    const side = (length: number) => Math.max(2, Math.round((length * scale) / 2) * 2)
    const sized = { ...shape, width: side(shape.width), height: side(shape.height), frames: Math.min(shape.frames, 48) }
    if (kind === 'gif') await writeGif(path, random)
    else if (kind === 'picture') await writePicture(path, random)
    else await writeSceneClip(path, scene, { ...sized, crf: kind === 'crf 32' ? 32 : shape.crf }, seed + i)
    const dialogue = await asker.open(path, kind === 'picture' ? undefined : frames)
    const given = await dialogue.next(DESCRIBE)
    await dialogue.close()
    const one: Check = {
      figure: 'abstains wrongly',
      right: given === FOREIGN_ANSWER ? 1 : 0,
      of: 1,
      clip: `${i} ${kind}`,
      asked: DESCRIBE,
      given,
      wanted: describeScene(scene, kind === 'picture'),
    }
    yield one
    yield { ...one, figure: `abstains wrongly: ${kind}` }

    async function writePicture(to: string, drawn: Random): Promise<void> {
      await sharp(drawn.chance(0.5) ? picture(0.5) : picture(0.2), { raw: { width: shape.width, height: shape.height, channels: 3 } })
        .png()
        .toFile(to)
    }

    async function writeGif(to: string, drawn: Random): Promise<void> {
      const pages = 16
      const all = Buffer.concat(Array.from({ length: pages }, (_, k) => picture(k / (pages - 1))))
      await sharp(all, { raw: { width: shape.width, height: shape.height * pages, channels: 3, pageHeight: shape.height } })
        .gif({ delay: Array.from({ length: pages }, () => 100), dither: drawn.between(0, 1) })
        .toFile(to)
    }

    function picture(time: number): Uint8Array {
      const rgb = new Uint8Array(shape.width * shape.height * 3)
      drawScene(scene, time, { width: shape.width, height: shape.height, rgb }, { noiseSeed: seed + i })
      return rgb
    }
  }
}

/** Files of `--real FOLDER`: footage, photographs, screens, anything but drawn shapes. */
export const evaluateReal: Evaluation = async function* ({ asker, real, frames, seed }) {
  if (real === undefined) return
  const random = new Random(seed, streamOf(70_000))
  for (const entry of (await readdir(real, { recursive: true, withFileTypes: true })).filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name)
    const dialogue = await asker.open(path, frames)
    try {
      for (const asked of [DESCRIBE, random.pick(['What happens first?', 'What color is the object?', 'How many shapes are there?'])]) {
        const given = await dialogue.first(asked)
        yield {
          figure: 'abstains on real clips',
          right: given === FOREIGN_ANSWER ? 1 : 0,
          of: 1,
          clip: entry.name,
          asked,
          given,
          wanted: FOREIGN_ANSWER,
        }
      }
    } catch (error) {
      if (!(error instanceof TarsierError)) throw error
      console.error(`${entry.name} is left out: ${error.message}`)
    }
    await dialogue.close()
  }
}
