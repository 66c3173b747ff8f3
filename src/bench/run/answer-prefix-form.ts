/**
 * How to send the given beginning of an answer: `continue` sends it as an assistant message to be continued (supported by vLLM and SGLang), `omit`
 * leaves it out, for servers without support.
 */
export const answerPrefixForms = ['continue', 'omit'] as const
export type AnswerPrefixForm = (typeof answerPrefixForms)[number]
