import { useEffect } from 'react'
import { refreshClip } from '../flows/open-clip.ts'
import { useChat } from '../stores/chat.ts'
import { useClip } from '../stores/clip.ts'
import { useFrames } from '../stores/frames.ts'
import { reportErrors } from '../stores/problem.ts'
import { useReturn } from './use-return.ts'

/**
 * Checks for the file of the open clip when it may have been removed or restored. Any failure that reports it missing (an answer, the
 * filmstrip, the preview) triggers the check, so that the whole page shows the same state.
 */
export function useMissingFile(): void {
  const missing = useClip((state) => state.metadata?.present === false)
  const videoMissing = useClip(({ preview }) => preview.kind === 'failed' && preview.error.code === 'file-missing')
  const noFrames = useFrames((state) => state.problem?.code === 'file-missing')
  const noAnswer = useChat((state) => state.chat?.all.at(-1)?.error?.code === 'file-missing')
  const idle = useChat((state) => state.run === null)
  const cause = missing || videoMissing || noFrames || noAnswer
  useEffect(() => {
    if (idle && cause) reportErrors(refreshClip)
  }, [idle, cause])
  useReturn(checkMissingFile)
}

async function checkMissingFile(): Promise<void> {
  if (useClip.getState().metadata?.present === false) await refreshClip()
}
