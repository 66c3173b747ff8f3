import { TarsierError } from '../../../shared/errors.ts'
import type { LanguagePrecision, VisionPrecision } from '../../../shared/model-manifest.ts'

/** Precisions to select if a repository has several GGUF files of the same model. */
export interface GgufSelection {
  readonly language: LanguagePrecision
  readonly vision: VisionPrecision
}

const TOWER = /mmproj/i
const SPLIT = /-\d{5}-of-\d{5}\.gguf$/i

/** Whether a repository has GGUF files and no safetensors. */
export function hasGgufPair(names: readonly string[]): boolean {
  return (
    !names.some((name) => name.endsWith('.safetensors')) && names.some((name) => name.toLowerCase().endsWith('.gguf') && TOWER.test(name))
  )
}

/**
 * Selects the language model and the vision tower (mmproj) of a GGUF repository by the precision in their names, and the model card. If no
 * tower has the requested precision, the f16 one is used, because other precisions are rare. Throws `model-unsupported`, listing the files
 * in the repository.
 */
export function ggufPairFiles(names: readonly string[], { language, vision }: GgufSelection, repository: string): string[] {
  const files = names.filter((name) => name.toLowerCase().endsWith('.gguf') && !SPLIT.test(name))
  const languages = files.filter((name) => !TOWER.test(name))
  const towers = files.filter((name) => TOWER.test(name))
  const chosen = onlyOne(languages) ?? onlyOne(languages.filter((name) => isOf(name, language)))
  const tower =
    onlyOne(towers) ?? onlyOne(towers.filter((name) => isOf(name, vision))) ?? onlyOne(towers.filter((name) => isOf(name, 'f16')))
  if (chosen !== null && tower !== null) return [...names.filter((name) => name === 'README.md'), chosen, tower]
  const [what, precision, there, remedy] =
    chosen === null
      ? (['language model', language, languages, 'choose-language-precision'] as const)
      : (['vision tower', vision, towers, 'choose-vision-precision'] as const)
  throw new TarsierError(
    'model-unsupported',
    `${repository} does not contain exactly one ${what} in ${precision}. It contains: ${there.join(', ') || 'none'}. Choose a precision that occurs in exactly one of the file names.`,
    { details: { repository, files: [...there] }, remedy },
  )
}

function onlyOne(names: readonly string[]): string | null {
  return names.length === 1 ? (names[0] ?? null) : null
}

/** Whether a file name ends with a precision, in any case, after a dash, dot or underscore; q4_k_m must not match q4_k_m_l. */
function isOf(name: string, precision: string): boolean {
  return new RegExp(`(^|[-._])${precision.replace('.', '\\.')}\\.gguf$`, 'i').test(name)
}
