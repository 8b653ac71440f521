for (const image of document.querySelectorAll("img[data-photo]")) {
  image.src = `/thumbnail/${image.dataset.photo}`
}
