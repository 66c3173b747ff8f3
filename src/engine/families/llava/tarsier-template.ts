import { tokenTypes, type Vocabulary } from '../../checkpoint/vocabulary.ts'

/** What stands for a clip in the template; users' words never become it. */
export const TARSIER_CLIP = '<image>'
/** What ends an answer before the next question: Vicuna's and Yi's, whichever the vocabulary has. */
const ENDS = ['</s>', '<|endoftext|>']

/**
 * Tarsier's conversation form of version 1 as a chat template: `USER: <frames>\n{question} ASSISTANT: {answer}</s>USER: …`. Checkpoints
 * hold none, or LLaVA's, which is laid out otherwise.
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
