/** The environment of processes that tests start as a shell without settings would. */
export function bareEnvironment(): Record<string, string> {
  const { PATH = '', GLIBC_TUNABLES } = process.env
  // How the C library asks for memory is the machine's affair: it changes how fast, not what.
  return { PATH, ...(GLIBC_TUNABLES !== undefined && { GLIBC_TUNABLES }) }
}
