/** All tasks of a team, by name; what goes in and out of them is JSON. */
import { batchTasks } from './batch-tasks.js'
import { counterTasks } from './counter-tasks.js'
import { entryTasks } from './entry-tasks.js'
import { keyTasks } from './key-tasks.js'
import { streamTasks } from './stream-tasks.js'

export const tasks = { ...entryTasks, ...keyTasks, ...streamTasks, ...batchTasks, ...counterTasks }

export type Tasks = typeof tasks
