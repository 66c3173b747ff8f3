import type { Command } from 'commander'
import { DeviceTestStore } from '../engine/devices/device-test-store.ts'
import { engineProblem, usable } from '../service/doctor-advice.ts'
import { type DoctorReport, makeReport } from '../service/doctor-report.ts'
import type { DeviceTest } from '../shared/device-tests.ts'
import { howToConnect } from '../shared/never-connect.ts'
import { sizeText } from '../shared/size-text.ts'
import { type CrashOptions, crashesText, handleCrashes } from './doctor-crashes.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { packText } from './gpu-pack-text.ts'
import type { RunCommand } from './interrupt.ts'
import { homeOption } from './options.ts'
import { printable } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { withRemedy } from './remedy-text.ts'
import { homeOf } from './requests.ts'

interface DoctorOptions extends CrashOptions {
  readonly json?: boolean
  readonly retryDevices?: boolean
  readonly home?: string
}

export function addDoctor(program: Command, run: RunCommand): void {
  program
    .command('doctor')
    .summary('show what works on this machine')
    .description(
      'Shows versions, usable devices, data folders, free memory and disk space, and how to fix problems.\n' +
        'Each device is tested in a separate process.',
    )
    .option('--json', 'print one JSON object instead of text; sizes in bytes')
    .option('--retry-devices', 'delete the results of failed device tests and crashes, so that these devices are tested again')
    .option('--export-crashes <file>', 'only write all crash reports into a file, without file paths and names of clips')
    .option('--with-paths', 'with --export-crashes: keep file paths and names of clips')
    .option('--overwrite', 'with --export-crashes: overwrite the file if it exists (default: report an error)')
    .option('--delete-crashes', 'only delete all crash reports, after they were exported if --export-crashes is given')
    .addOption(homeOption())
    .addHelpText(
      'after',
      '\nExit status: 0 clips can be described on this machine; 1 they cannot.\nCrash reports are stored on this machine and never sent.',
    )
    .action((options: DoctorOptions) => run((signal) => doctor(options, signal)))
}

async function doctor(options: DoctorOptions, signal: AbortSignal): Promise<ExitCode> {
  const home = homeOf(options)
  const handled = await handleCrashes(home, options)
  if (handled !== null) {
    process.stdout.write(`${printable(handled)}\n`)
    return exitCodes.done
  }
  const progress = new ProgressLine(process.stderr)
  if (options.retryDevices) {
    const forgotten = await new DeviceTestStore(home).forgetFailed()
    progress.note(forgotten === 0 ? 'There are no failed device tests.' : `${forgotten} will be tested again.`)
  }
  progress.begin('testing all devices')
  const report = await makeReport(home, signal).finally(() => progress.clear())
  const advice = report.advice.map(withRemedy)
  process.stdout.write(options.json ? `${JSON.stringify({ ...report, advice })}\n` : `${printable(reportText(report, advice))}\n`)
  return usable(report.engines) ? exitCodes.done : exitCodes.failed
}

function reportText(report: DoctorReport, advice: readonly string[]): string {
  const { data, memory, cpu, engines, models } = report
  const rows: [string, string][] = [
    ['tarsier', report.app],
    ['node', report.node],
    ['system', report.platform],
    ['processor', `${cpu.model}, ${cpu.cores} ${cpu.cores === 1 ? 'core' : 'cores'}`],
    ['memory', `${sizeText(memory.free)} of ${sizeText(memory.total)} free`],
    ['data', `${data.home}${data.diskFree === null ? '' : `, ${sizeText(data.diskFree)} free`}`],
    ['cache', `${data.cache}, ${sizeText(data.cacheBytes)}`],
    ['GPU pack', packText(report.gpuPack)],
    ['crashes', crashesText(data.home, report.crashes)],
    [
      'network',
      report.neverConnect === null
        ? 'connections to other machines are allowed'
        : `"Never connect" is on. ${howToConnect(report.neverConnect)}`,
    ],
  ]
  const line = ([name, text]: readonly [string, string]) => `  ${name.padEnd(10)} ${text}`
  const probes = (list: readonly { name: string; works: boolean; detail: string }[]) =>
    list.map(({ name, works, detail }) => line([name, works ? `yes: ${detail}` : `no: ${detail}`]))
  const sections: (readonly [string, readonly string[]])[] = [['This machine', rows.map(line)]]
  if ('error' in engines) sections.push(['Engines', [line(['none', engineProblem(engines.error)])]])
  else {
    sections.push(['Opening clips', probes([engines.media, engines.images])])
    sections.push([`Vision (ONNX Runtime ${engines.vision.version})`, probes(engines.vision.devices)])
    sections.push([
      `Language (llama.cpp ${engines.language.llamaCpp}, node-llama-cpp ${engines.language.version})`,
      probes(engines.language.devices),
    ])
  }
  if (report.deviceTests.length > 0) sections.push(["Devices compared with this machine's CPU", report.deviceTests.map(testLine)])
  sections.push([
    `Models (${data.models})`,
    models.map(({ name, bytes, path, problem }) =>
      line([name, problem === null ? `${sizeText(bytes)}, ${path}` : `cannot be used: ${problem}`]),
    ),
  ])
  if (advice.length > 0) sections.push(['What to do', advice.map((sentence) => `  - ${sentence}`)])
  return sections.map(([title, lines]) => [title, ...lines].join('\n')).join('\n\n')
}

function testLine({ part, device, model, runtime, passed, attention, detail }: DeviceTest): string {
  const how = attention === 'plain' ? ', with unfused attention' : ''
  // A crash in the diagnosis does not depend on a model.
  const subject = model === '' ? part : `${part} of ${model}`
  return `  ${device} for ${subject} (${runtime}): ${passed ? `used${how}` : 'not used'}; ${detail}`
}
