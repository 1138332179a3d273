/** Longer questions are not remembered: they could fill the memory. */
const LONGEST = 1_024;

/**
 * The function again, which remembers its latest answers: requests go to the
 * same places, and each asks for its header and brings its response. When there
 * are `most` it forgets them all.
 */
export function remembering<Answer extends NonNullable<unknown>>(
  ask: (question: string) => Answer,
  most: number,
): (question: string) => Answer {
  const answers = new Map<string, Answer>();
  return (question) => {
    const known = answers.get(question);
    if (known !== undefined) return known;
    const answer = ask(question);
    if (answers.size >= most) answers.clear();
    if (question.length <= LONGEST) answers.set(question, answer);
    return answer;
  };
}
