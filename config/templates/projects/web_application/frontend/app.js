// Owns the start of the page: asks for the notes and shows them.

import { showNotes } from './note-list.js';

const response = await fetch('/api/notes');
showNotes(document.getElementById('notes'), await response.json());
