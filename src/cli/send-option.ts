import { Option } from 'commander'
import type { AnswerPrefixForm } from '../bench/run/answer-prefix-form.ts'
import { type ClipForm, clipForms } from '../bench/run/openai-clip.ts'
import { readManifest } from '../engine/models/manifest.ts'
import { resolveModel } from '../engine/models/registry.ts'
import { TarsierError } from '../shared/errors.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { homeOf } from './requests.ts'
import type { ServerOptions } from './server-options.ts'

/** How clips are sent with `--engine openai`: `exact` as an imported model's engine sees them, the others as any server accepts them. */
const sendForms = ['exact', ...clipForms] as const
type SendForm = (typeof sendForms)[number]

/** What the options say about a model on servers. */
export interface SentModel extends Pick<ServerOptions, 'serverModel' | 'pictures'> {
  readonly model: string
  readonly send?: SendForm | undefined
  readonly begun: AnswerPrefixForm
  readonly home?: string | undefined
}

export function sendOption(): Option {
  return new Option(
    '--send <form>',
    'what to send: "exact", the frames that the engine would see, for an imported model that the servers have too; "frames", images extracted on this machine; "video", the whole file in the request; "path", the URL of the file, which the server opens (default: exact if --model is an imported model, otherwise frames)',
  ).choices(sendForms)
}

/** An imported model on servers with its manifest, or the name of any model on a server. */
export type ServedModel =
  | { readonly kind: 'imported'; readonly manifest: ModelManifest }
  | { readonly kind: 'named'; readonly name: string; readonly send: ClipForm; readonly begun: AnswerPrefixForm }

/**
 * The model of a command with `--engine openai`. Throws `usage` for options that do not apply to it, and for `exact` as reading the imported model
 * does.
 */
export async function servedModel({ model, send, begun, home, serverModel, pictures }: SentModel): Promise<ServedModel> {
  const manifest = send === undefined || send === 'exact' ? await importedManifest(model, send === 'exact', home) : null
  if (manifest) {
    if (begun === 'omit')
      throw new TarsierError(
        'usage',
        'With --send exact the servers continue the beginning of the answer. Give --send frames, or remove --begun.',
      )
    return { kind: 'imported', manifest }
  }
  const given = serverModel !== undefined ? '--server-model' : pictures !== undefined ? '--pictures' : null
  if (given !== null)
    throw new TarsierError(
      'usage',
      `${given} is for an imported model of which servers get the exact frames. Remove it, or give the name of an imported model with --model and no other --send than exact.`,
    )
  return { kind: 'named', name: model, send: send === undefined || send === 'exact' ? 'frames' : send, begun }
}

/** Null for a model that is not imported, unless it `must` be. */
async function importedManifest(model: string, must: boolean, home: string | undefined): Promise<ModelManifest | null> {
  try {
    return await readManifest(await resolveModel(model, homeOf(home === undefined ? {} : { home })))
  } catch (error) {
    if (!must && error instanceof TarsierError && error.code === 'model-missing') return null
    throw error
  }
}
