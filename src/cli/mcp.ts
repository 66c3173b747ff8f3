import { type Command, Option } from 'commander'
import type { DeviceChoice } from '../shared/devices.ts'
import { options as optionSchemas } from '../shared/options.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { optionFrom } from './option-from.ts'
import { homeOption } from './options.ts'
import { oneLine } from './printable.ts'
import { homeOf } from './requests.ts'

const FROM_APP = "from the app's settings"

interface McpOptions {
  readonly allow: readonly string[]
  readonly model?: string
  readonly device?: DeviceChoice
  readonly home?: string
}

export function addMcp(program: Command, run: RunCommand): void {
  program
    .command('mcp')
    .summary('give agents tools for videos and pictures')
    .description(
      'Serves the Model Context Protocol (MCP) over stdin and stdout: an agent such as Claude starts this command, and can then describe videos and ' +
        'pictures, ask about them, find events, check captions and search the library. Only files below the folders given with --allow are opened, and ' +
        'nothing is stored in the library. "tarsier serve" offers the same tools under /mcp. Ends when the agent closes stdin.',
    )
    .addOption(new Option('--allow <dir...>', 'folders whose files agents may open, with all folders in them').makeOptionMandatory())
    .addOption(optionFrom(optionSchemas.model, '-m, --model <name>', { whenAbsent: FROM_APP }))
    .addOption(optionFrom(optionSchemas.device, '--device <name>', { whenAbsent: FROM_APP }))
    .addOption(homeOption())
    .addHelpText(
      'after',
      "\nSettings of agents' programs are in docs/agents.md.\n\nExample:\n  tarsier mcp --allow ~/Videos ~/Pictures --model tarsier2",
    )
    .action((options: McpOptions) => run((signal) => mcp(options, signal)))
}

async function mcp({ allow, model, device, ...options }: McpOptions, signal: AbortSignal): Promise<ExitCode> {
  // Imported on demand: no other command needs the protocol.
  const [{ openAgentService }, { AllowedFolders }, { serveAgent }] = await Promise.all([
    import('../service/agent-service.ts'),
    import('../service/allowed-folders.ts'),
    import('../serve/mcp/stdio.ts'),
  ])
  const advice = 'The user can allow its folder with --allow.'
  const folders = await AllowedFolders.open(allow, { showsPaths: true, advice })
  await using service = openAgentService({
    home: homeOf(options),
    settings: { ...(model !== undefined && { model }), ...(device !== undefined && { device }) },
    log: { error: (source, text) => void process.stderr.write(`tarsier: ${source}: ${oneLine(text)}\n`) },
  })
  await serveAgent({ service, folders }, signal)
  return exitCodes.done
}
