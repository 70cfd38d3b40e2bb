import { join } from 'node:path'
import ts from 'typescript'
import { type Example, root } from './extract.js'

/** Type-checks examples against the sources; one message per error, as `file:line: what is wrong`. */
export function typeErrors(examples: readonly Example[]): string[] {
  const modules = new Map(examples.map((example, at) => [join(root, `example-${at}.ts`), example]))
  const options = compilerOptions()
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists, readFile } = host
  const textOf = (name: string) => {
    const example = modules.get(name)
    // Without an import it would be a script, which shares its names with every other one.
    return example && `${example.code}\nexport {}\n`
  }
  host.fileExists = (name) => modules.has(name) || fileExists(name)
  host.readFile = (name) => textOf(name) ?? readFile(name)
  host.getSourceFile = (name, language, ...more) => {
    const text = textOf(name)
    return text === undefined
      ? getSourceFile(name, language, ...more)
      : ts.createSourceFile(name, text, language)
  }
  const program = ts.createProgram([...modules.keys()], options, host)
  const errors = program.getOptionsDiagnostics().map((error) => message(error))
  for (const [name, { file }] of modules) {
    const source = program.getSourceFile(name)
    const found = [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ]
    for (const error of found) {
      const { line } = source?.getLineAndCharacterOfPosition(error.start ?? 0) ?? { line: 0 }
      errors.push(`${file}:${line + 1}: ${message(error)}`)
    }
  }
  return errors
}

const message = ({ messageText }: ts.Diagnostic) =>
  ts.flattenDiagnosticMessageText(messageText, '\n')

/** Those of the project, but an example may name what it does not use. */
function compilerOptions(): ts.CompilerOptions {
  const path = join(root, 'tsconfig.json')
  const { config } = ts.readConfigFile(path, ts.sys.readFile) as { config: object }
  const { options } = ts.parseJsonConfigFileContent(
    { ...config, include: [], files: [] },
    ts.sys,
    root,
  )
  return { ...options, noUnusedLocals: false, noUnusedParameters: false }
}
