import type { Remedy } from '../shared/remedies.ts'

const INSTALL = `"npm ci" in Tarsier's folder; TARSIER_DEBUG=1 shows more`
const FETCH_CUDA = `"ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js" in Tarsier's folder; needs internet`

const onTheCommandLine: Readonly<Record<Remedy, string>> = {
  'install-again': INSTALL,
  'fetch-cuda-vision': FETCH_CUDA,
  'import-model': '"tarsier models import SOURCE --name NAME"; "tarsier models catalogue" lists what there is',
  'smaller-language-model': '--language q8_0',
  'other-home': '--home DIR',
  'name-vision-tower': "the language model's GGUF as the source, its vision tower's by --mmproj FILE",
  'merge-adapter': 'the checkpoint as the source, and --adapter DIR',
  'give-template': '--template FILE',
  'choose-language-precision': '--language PRECISION',
  'choose-vision-precision': '--vision PRECISION',
  'existing-texts': '--skip-existing, --overwrite',
  'missing-texts': '--skip-existing',
  'retry-devices': '"tarsier doctor --retry-devices" has it tried again',
}

/** Returns the options or commands that carry out a remedy. */
export function remedyText(remedy: Remedy): string {
  return onTheCommandLine[remedy]
}

/** Appends to a message the options or commands that carry out its remedy. */
export function withRemedy({ text, remedy }: { readonly text: string; readonly remedy?: Remedy | null | undefined }): string {
  return remedy ? `${text} (${remedyText(remedy)})` : text
}
