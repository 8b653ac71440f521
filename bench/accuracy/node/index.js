console.log(require("express") ? "hello" : "");
