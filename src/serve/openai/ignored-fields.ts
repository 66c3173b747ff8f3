import { type ChatRequest, chatRequestSchema } from './request.ts'

/** Unsupported fields, with a check for values that have no effect on the answer. */
const WITHOUT_EFFECT: Readonly<Record<string, (value: unknown) => boolean>> = {
  frequency_penalty: isZero,
  presence_penalty: isZero,
  min_p: isZero,
  min_tokens: isZero,
  typical_p: isOne,
  length_penalty: isOne,
  best_of: isOne,
  logit_bias: isEmpty,
  metadata: isEmpty,
  chat_template_kwargs: isEmpty,
  store: isFalse,
  echo: isFalse,
  ignore_eos: isFalse,
  use_beam_search: isFalse,
  include_stop_str_in_output: isFalse,
  skip_special_tokens: isTrue,
  spaces_between_special_tokens: isTrue,
  cache_prompt: isTrue,
  parallel_tool_calls: (value) => typeof value === 'boolean',
  service_tier: (value) => value === 'auto' || value === 'default',
  modalities: (value) => Array.isArray(value) && value.every((one) => one === 'text'),
}
const OF_A_MESSAGE = ['role', 'content', 'tool_calls', 'tool_call_id', 'function_call', 'refusal']
const OF_PROCESSOR = [
  'num_frames',
  'fps',
  'max_frames',
  'min_pixels',
  'max_pixels',
  'size',
  'start',
  'end',
  'do_sample_frames',
  'do_resize',
]

/** Returns a warning for each part of a request that has no effect. */
export function ignoredFields(request: ChatRequest): string[] {
  const notices: string[] = []
  const { stream, stream_options, tools, functions, messages, mm_processor_kwargs: processor, media_io_kwargs: media } = request
  for (const [field, value] of Object.entries(request))
    if (!Object.hasOwn(chatRequestSchema.shape, field) && value != null && !WITHOUT_EFFECT[field]?.(value))
      notices.push(`${field} is ignored: this server does not support it.`)
  if (tools?.length && request.tool_choice !== 'none')
    notices.push('tools are ignored: the model does not receive them and does not call any.')
  if (functions?.length && request.function_call !== 'none')
    notices.push('functions are ignored: the model does not receive them and does not call any.')
  if (stream !== true && stream_options?.include_usage != null) notices.push('stream_options is ignored: the answer is not streamed.')
  notices.push(...others('stream_options', stream_options, ['include_usage', 'include_obfuscation']))
  notices.push(...others('mm_processor_kwargs', processor, OF_PROCESSOR))
  notices.push(...others('mm_processor_kwargs.size', processor?.size, ['shortest_edge', 'longest_edge']))
  notices.push(...others('media_io_kwargs', media, ['video']), ...others('media_io_kwargs.video', media?.video, ['num_frames', 'fps']))
  if (request.add_generation_prompt === false && request.continue_final_message !== true)
    notices.push('add_generation_prompt is ignored: without continue_final_message the model always starts a new answer.')
  for (const [i, message] of messages.entries()) {
    notices.push(...others(`messages.${i}`, message, OF_A_MESSAGE))
    if (message.role === 'tool' || message.role === 'function')
      notices.push(`messages.${i}: this model does not support tools; the tool result is passed to it as a user message.`)
    for (const [j, part] of (Array.isArray(message.content) ? message.content : []).entries())
      if ('image_url' in part && part.image_url.detail != null && part.image_url.detail !== 'auto')
        notices.push(`messages.${i}.content.${j}.image_url.detail is ignored: set mm_processor_kwargs.max_pixels instead.`)
  }
  return notices
}

function others(where: string, value: object | null | undefined, known: readonly string[]): string[] {
  return Object.entries(value ?? {})
    .filter(([field, inside]) => !known.includes(field) && inside != null)
    .map(([field]) => `${where}.${field} is ignored: this server does not support it.`)
}

function isZero(value: unknown): boolean {
  return value === 0
}

function isOne(value: unknown): boolean {
  return value === 1
}

function isTrue(value: unknown): boolean {
  return value === true
}

function isFalse(value: unknown): boolean {
  return value === false
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
