// Pages of a file as pictures: asks again for one that was not drawn yet, and says so if it cannot be.

const TRIES = 6;
const PAUSE = 2000;

const list = document.querySelector(".sheets-of-paper");

function say(picture) {
  const sentence = document.createElement("p");
  sentence.className = "notice notice-warn page-failed";
  sentence.textContent = list.dataset.failed;
  (picture.closest("a") || picture).replaceWith(sentence);
}

function retry(picture) {
  const tries = Number(picture.dataset.tries || 0) + 1;
  if (tries > TRIES) {
    say(picture);
    return;
  }
  picture.dataset.tries = String(tries);
  window.setTimeout(() => {
    const address = new URL(picture.src);
    address.searchParams.set("try", String(tries));
    picture.src = address.href;
  }, PAUSE);
}

// A picture may have failed before this script ran.
for (const picture of list ? list.querySelectorAll("img") : []) {
  picture.addEventListener("error", () => retry(picture));
  if (picture.complete && picture.naturalWidth === 0 && picture.src) retry(picture);
}
