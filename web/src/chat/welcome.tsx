// What an empty conversation shows.
import type { ChatSession } from "../conversations/chat_session.ts";

const IDEAS = [
  "Explain how a bicycle stays upright.",
  "Write a Python function that counts the words of a text.",
  "Name five birds of the North Sea in a table.",
];

export function Welcome({ session }: { session: ChatSession }) {
  return (
    <div class="welcome">
      <p class="welcome-title">What shall we work on?</p>
      <p class="note">Nothing leaves {location.host}: the model runs there, and conversations stay in this browser.</p>
      <ul>
        {IDEAS.map((idea) => (
          <li key={idea}>
            <button type="button" onClick={() => session.say(idea)}>{idea}</button>
          </li>
        ))}
      </ul>
    </div>
  );
}
