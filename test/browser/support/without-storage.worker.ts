import './forbid-storage.js'
import './database.worker.js'
