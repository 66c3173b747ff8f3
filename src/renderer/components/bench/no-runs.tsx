import { runCommand } from '../../lib/bench-labels.ts'
import { CopyButton } from '../chat/copy-button.tsx'

/** Explains how to create a first run. */
export function NoRuns({ folder }: { readonly folder: string }) {
  const command = runCommand(folder)
  return (
    <div className="mx-auto max-w-2xl space-y-3 py-8">
      <h2 className="text-lg font-semibold">No run yet</h2>
      <p className="text-quiet">
        A benchmark is run in the terminal. This one draws its own clips and needs no download; it measures the demo model in a few minutes,
        and every answer can be looked at here while it goes on:
      </p>
      <div className="flex items-start gap-2 rounded-xl border border-line bg-raised px-4 py-3">
        <code className="min-w-0 flex-1 font-mono text-[0.8125rem] wrap-anywhere">{command}</code>
        <CopyButton text={command} label="Copy the command" />
      </div>
      <p className="text-quiet">
        Runs in <span className="wrap-anywhere text-text">{folder}</span> appear here by themselves. Predictions of the Python program are
        read too: put their folder there, or open it. Afterwards <code className="font-mono text-[0.8125rem]">tarsier bench eval</code> has
        a judge look at descriptions and open answers.
      </p>
    </div>
  )
}
