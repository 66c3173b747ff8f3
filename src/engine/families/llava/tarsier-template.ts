import { tokenTypes, type Vocabulary } from '../../checkpoint/vocabulary.ts'

/** Placeholder for a clip in the template; text from users is never tokenized as this token. */
export const TARSIER_CLIP = '<image>'
/** Token that ends an answer before the next question: Vicuna's or Yi's, depending on the vocabulary. */
const ENDS = ['</s>', '<|endoftext|>']

/**
 * Conversation format of Tarsier version 1 as a chat template: `USER: <frames>\n{question} ASSISTANT: {answer}</s>USER: …`. Checkpoints
 * have no template, or LLaVA's, which differs.
 */
export function tarsierTemplate({ tokens, types, specialIds }: Pick<Vocabulary, 'tokens' | 'types' | 'specialIds'>): string {
  const own = ENDS.find((text) => types[tokens.indexOf(text)] === tokenTypes.control)
  const end = own ?? tokens[specialIds.get('eos') ?? -1] ?? ''
  return (
    "{% for message in messages %}{% if message['role'] == 'assistant' %}ASSISTANT:{{ ' ' }}" +
    `{% for part in message['content'] %}{{ part['text'] }}{% endfor %}${end}` +
    "{% else %}{% if message['role'] == 'user' %}{{ 'USER: ' }}{% endif %}{% for part in message['content'] %}" +
    `{% if part['type'] == 'video' %}{{ '${TARSIER_CLIP}\\n' }}{% else %}{{ part['text'] }}{% endif %}{% endfor %}{{ ' ' }}{% endif %}` +
    '{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}'
  )
}
