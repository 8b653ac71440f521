const express = require("express")
const gm = require("gm").subClass({ imageMagick: "7+" })

const app = express()

app.use(express.static("public"))
app.get("/thumbnail/:name", (request, response) => {
  response.type("png")
  gm(`photos/${request.params.name}`).resize(320).stream("png").pipe(response)
})

app.listen(3000)
