import ArgumentParser

Run.main()
