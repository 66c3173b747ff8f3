import { type Way, ways } from '../shared/ways.ts'

const INSTALL = `"npm ci" in Tarsier's folder; TARSIER_DEBUG=1 shows more`
const FETCH_CUDA = `"ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js" in Tarsier's folder; needs internet`

const onTheCommandLine: Readonly<Record<Way, string>> = {
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
}

/** How a way out is gone on the command line; empty for what is none. */
export function wayText(way: unknown): string {
  const known = ways.find((one) => one === way)
  return known === undefined ? '' : onTheCommandLine[known]
}
