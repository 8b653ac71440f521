<?php
foreach (["hello", "from", "a", "container"] as $word) {
    echo $word, "\n";
}
