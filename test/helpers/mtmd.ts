import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { findLlamaNode } from '../../scripts/find-llama-node.mjs'

/** Whether llama.cpp's own multimodal code is on this machine. */
export const hasMtmd = findLlamaNode() !== null

interface Question {
  /** Paths of the language model and of its mmproj file. */
  readonly language: string
  readonly mmproj: string
  readonly picture: string
  /** With `<__media__>` in the place of the picture. */
  readonly prompt: string
  readonly tokens: number
}

/** What llama.cpp's own multimodal code answers to a picture, greedily, on the CPU. */
export async function askMtmd({ language, mmproj, picture, prompt, tokens }: Question): Promise<string> {
  const path = fileURLToPath(new URL('../../tools/bench/mtmd-process.mjs', import.meta.url))
  const child = fork(path, { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const ask = async (message: object): Promise<{ readonly text?: string }> => {
    const answer = await new Promise<{ readonly text?: string; readonly error?: string }>((resolve) => {
      const onExit = (code: number | null) => resolve({ error: `mtmd's process ended (${code})` })
      child.once('exit', onExit)
      child.once('message', (value: object) => {
        child.off('exit', onExit)
        resolve(value)
      })
      child.send(message)
    })
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer
  }
  try {
    await ask({ modules: findLlamaNode(), language, mmproj, threads: 2 })
    return (await ask({ picture, prompt, tokens })).text ?? ''
  } finally {
    if (child.connected) child.disconnect()
    await exited
  }
}
