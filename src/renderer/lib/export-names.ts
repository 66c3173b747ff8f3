import { type ExportFormat, exportFormats } from '../../shared/contract/batch.ts'

/** Labels of the export formats. */
const names: Readonly<Record<ExportFormat, string>> = {
  txt: 'Plain text (.txt)',
  jsonl: 'JSON Lines (.jsonl)',
  csv: 'Table (.csv)',
  srt: 'Subtitles (.srt)',
  markdown: 'Markdown (.md)',
}

export const exportChoices = exportFormats.map((format) => ({ format, name: names[format] }))
