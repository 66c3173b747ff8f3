import { join } from 'node:path'
import { userMessage } from '../engine/engine-client.ts'
import { resourceFolder } from '../platform/resource-folder.ts'
import { TarsierError } from '../shared/errors.ts'
import { samplingSchema } from '../shared/sampling.ts'
import type { ChatServer } from './chat-server.ts'
import { type ClipForm, clipPart } from './clip-form.ts'
import type { ClipPreparer, PreparedMessages } from './clip-preparer.ts'
import { ServerTrouble } from './server-error.ts'

const EXAMPLE = 'red-circle-right-then-grows.mp4'
/** vLLM uses the first 32 pictures of a list unless it is asked for all: these are more, and small. */
const MANY = { frames: { kind: 'uniform', count: 40 }, maxPixels: 28 * 28 } as const
/** Frames at the size that the model would have. */
const LARGE = { frames: { kind: 'uniform', count: 2 } } as const
const ONE_TOKEN = samplingSchema.parse({ maxTokens: 1 })

/** They are the same for all servers of a model. */
const known = new WeakMap<ClipPreparer, readonly PreparedMessages[]>()

/** The clips that a server is examined with, each in its own message, as the engine would see it. */
export async function probeClips(preparer: ClipPreparer, signal: AbortSignal): Promise<readonly PreparedMessages[]> {
  const earlier = known.get(preparer)
  if (earlier) return earlier
  const folder = resourceFolder('examples', EXAMPLE)
  if (folder === null)
    throw new TarsierError('file-missing', `The example clip ${EXAMPLE} is missing. Install Tarsier again.`, { remedy: 'install-again' })
  const path = join(folder, EXAMPLE)
  const probes: PreparedMessages[] = []
  for (const request of [MANY, LARGE]) {
    const messages = [userMessage(undefined, { path, ...request })]
    probes.push(await preparer.prepare(messages, { answerPrefix: '', format: 'png' }, () => {}, signal))
  }
  known.set(preparer, probes)
  return probes
}

/**
 * Finds the form of a clip with which a server counts as many prompt tokens for the probe clips as the engine: then it sees the same frames at the
 * same size. Throws `model-mismatch` if there is none, wrapped in a {@link ServerTrouble} if the server broke at each of them, and as
 * {@link ChatServer.complete} does.
 */
export async function agreedForm(
  server: ChatServer,
  model: string,
  forms: readonly ClipForm[],
  probes: readonly PreparedMessages[],
  signal: AbortSignal,
): Promise<ClipForm> {
  const refusals: Refusal[] = []
  for (const form of forms) {
    const refusal = await refusalOf(server, model, form, probes, signal)
    if (refusal === null) return form
    refusals.push(refusal)
  }
  const final = refusals.find(({ passing }) => !passing) ?? refusals[0]
  if (!final) throw new TarsierError('internal', 'There is no form of a clip to examine a server with. Please report it.')
  throw final.passing ? new ServerTrouble(final.error, 'fault', { received: true }) : final.error
}

/** Why a form does not do. Passing, if the server broke at it: it may be a moment's failure. */
interface Refusal {
  readonly error: TarsierError
  readonly passing: boolean
}

async function refusalOf(
  server: ChatServer,
  model: string,
  form: ClipForm,
  probes: readonly PreparedMessages[],
  signal: AbortSignal,
): Promise<Refusal | null> {
  for (const probe of probes) {
    const question = { messages: serverMessages(probe, form), sampling: ONE_TOKEN, continuesAnswer: false, further: form.further }
    try {
      const { promptTokens } = await server.complete(question, signal)
      const difference = tokenDifference(server.url, model, probe, promptTokens)
      if (difference !== null) return { error: difference, passing: false }
    } catch (error) {
      const passing = error instanceof ServerTrouble && error.kind === 'fault'
      const failure = passing ? error.failure : error
      // The server refuses this form, or its fields: another one may do.
      if (!(failure instanceof TarsierError) || failure.code !== 'model-failed') throw error
      const message = `${server.url} does not accept a clip as ${model} needs it: ${failure.message} ${ADVICE}`
      return { error: new TarsierError('model-mismatch', message, { cause: failure, details: { server: server.url } }), passing }
    }
  }
  return null
}

const ADVICE =
  'Serve the checkpoint that "tarsier models export" writes of this model, and start vLLM with --trust-request-mm-kwargs, or with the settings in docs/scale.md.'

/** The error for a server whose number of prompt tokens differs from the engine's; null if it is equal. */
export function tokenDifference(
  url: string,
  model: string,
  { tokens, messages }: PreparedMessages,
  found: number | null,
): TarsierError | null {
  const expected = tokens.visual + tokens.text
  if (found === expected) return null
  const frames = messages.flatMap(({ content }) => content.flatMap((part) => (part.kind === 'clip' ? part.frames : [])))
  const details = { server: url, expected, found, frames: frames.length, visual: tokens.visual, text: tokens.text }
  if (found === null)
    return new TarsierError(
      'model-mismatch',
      `${url} does not tell how many tokens a prompt has (usage.prompt_tokens), so it is unknown whether it sees the frames of a clip. Use vLLM or "tarsier serve".`,
      { details },
    )
  return new TarsierError(
    'model-mismatch',
    `${url} counts ${found} tokens where ${model} has ${expected} (${tokens.visual} for ${frames.length} frames and ${tokens.text} of text), so it does not see the same frames, or has another model. ${ADVICE}`,
    { details },
  )
}

/** Messages for the server, with their clips in a form that it accepts. */
export function serverMessages({ messages }: PreparedMessages, form: ClipForm): readonly object[] {
  return messages.map(({ role, content }) => {
    const text = content.map((part) => (part.kind === 'text' ? part.text : '')).join('')
    // Some chat templates accept lists of parts only for messages with clips.
    if (content.every((part) => part.kind === 'text')) return { role, content: text }
    return {
      role,
      content: content.map((part) => (part.kind === 'text' ? { type: 'text', text: part.text } : clipPart(part.frames, form))),
    }
  })
}
