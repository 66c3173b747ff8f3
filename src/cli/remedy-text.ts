import { phrase } from '../shared/phrase.ts'
import type { Remedy } from '../shared/remedies.ts'
import { translate } from '../shared/translate.ts'

const onTheCommandLine: Readonly<Record<Remedy, string>> = {
  'install-again': phrase`run "npm ci" in Tarsier's folder; TARSIER_DEBUG=1 shows details`,
  'install-gpu-pack': phrase`run "tarsier gpu install"; "tarsier gpu status" shows its size`,
  'import-model': phrase`"tarsier models import SOURCE --name NAME"; "tarsier models catalogue" lists available models`,
  'smaller-language-model': '--language q8_0',
  'other-home': '--home DIR',
  'name-vision-tower': phrase`give the GGUF file of the language model as the source, and the GGUF file of its vision tower with --mmproj FILE`,
  'merge-adapter': phrase`give the checkpoint as the source, and --adapter DIR`,
  'give-template': '--template FILE',
  'choose-language-precision': '--language PRECISION',
  'choose-vision-precision': '--vision PRECISION',
  'existing-texts': '--skip-existing, --overwrite',
  'existing-file': '--overwrite',
  'missing-texts': '--skip-existing',
  'retry-devices': phrase`run "tarsier doctor --retry-devices" to test it again`,
}

/** Returns the options or commands that carry out a remedy. */
export function remedyText(remedy: Remedy): string {
  return translate(onTheCommandLine[remedy])
}

/** Appends to a message the options or commands that carry out its remedy. */
export function withRemedy({ text, remedy }: { readonly text: string; readonly remedy?: Remedy | null | undefined }): string {
  return remedy ? `${translate(text)} (${remedyText(remedy)})` : translate(text)
}
