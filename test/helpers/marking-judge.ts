import { z } from 'zod'
import type { ChatRequest } from './chat-server.ts'

const questionSchema = z.object({ question: z.string(), correct: z.string(), given: z.string() })

/** The input of one question to a judge that marks an open answer. */
type OpenQuestion = z.infer<typeof questionSchema>

export function openQuestionOf({ messages }: ChatRequest): OpenQuestion {
  return questionSchema.parse(JSON.parse(messages[1]?.content ?? ''))
}

/** A judge that compares texts: five points for equal texts, three and right if one contains the other, one and wrong otherwise. */
export function markingJudge(request: ChatRequest): string {
  const { correct, given } = openQuestionOf(request)
  const score = given === correct ? 5 : given.includes(correct) ? 3 : 1
  return JSON.stringify({ reason: `It says "${given}".`, correct: score > 1 ? 'yes' : 'no', score })
}
