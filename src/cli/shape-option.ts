import { readFile } from 'node:fs/promises'
import { Option } from 'commander'
import { readFailure } from '../platform/file-failure.ts'
import { TarsierError } from '../shared/errors.ts'
import { type CaptionShape, isRewriting } from '../shared/shaping/caption-shape.ts'
import { checkShape, parseShape } from '../shared/shaping/parse-shape.ts'
import { readyShape, readyShapeNames } from '../shared/shaping/ready-shapes.ts'
import { parseName } from './options.ts'

const readyNames = readyShapeNames.join(', ')

export interface ShapeOptions {
  readonly shape?: string
  readonly prefix?: string
}

/** Options of commands that rewrite on this machine. */
export interface RewritingOptions extends ShapeOptions {
  readonly textModel?: string
}

export function textModelOption(): Option {
  return new Option(
    '--text-model <file>',
    'GGUF file of the text model that rewrites captions, with a shape that has "rewrite" (default: the one that the shape names, or else the model itself, without the clip)',
  )
    .argParser(parseName)
    .helpGroup('Captions:')
}

export function shapeOptions(): Option[] {
  const options = [
    new Option(
      '--shape <name>',
      `shape of the captions: ${readyNames}, or a JSON file with rules (docs/captions.md); results have the model's own text beside it (default: the model's own text)`,
    ).argParser(parseName),
    new Option('--prefix <text>', "with --shape: text before each caption, such as a trigger word (default: the shape's own)"),
  ]
  for (const option of options) option.helpGroup('Captions:')
  return options
}

/** The shape that is asked for; null for none. Throws `file-missing`, `file-unreadable`, and `usage` for other files and for a prefix without a shape. */
export async function shapeFrom({ shape, prefix }: ShapeOptions): Promise<CaptionShape | null> {
  if (shape === undefined) {
    if (prefix === undefined) return null
    throw new TarsierError('usage', '--prefix needs a shape of the captions. Give one with --shape, such as --shape one-line.')
  }
  const found = readyShape(shape) ?? (await readShape(shape))
  return prefix === undefined ? found : checkShape({ ...found, prefix }, '--prefix')
}

/** As {@link shapeFrom}; throws `usage` for a text model without a shape that rewrites, too. */
export async function rewritingShapeFrom(options: RewritingOptions): Promise<CaptionShape | null> {
  const shape = await shapeFrom(options)
  if (options.textModel !== undefined && !isRewriting(shape))
    throw new TarsierError('usage', '--text-model needs a shape with "rewrite". Give one with --shape, such as --shape fields.')
  return shape
}

async function readShape(path: string): Promise<CaptionShape> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw readFailure(path, error, `--shape needs the path of a JSON file, or one of ${readyNames}.`)
  }
  return parseShape(text, path)
}
